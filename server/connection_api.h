#pragma once

#include <string>

#include "server/answer.h"
#include "server/call_gate.h"
#include "tokenvault/v1/connection_service.pb.h"
#include "vault/connection_admin.h"
#include "vault/consent_flow.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// ConnectionService behind its doors. Operators see every tenant; an agent that
// may_manage_connections sees its own; for others there is nothing here
// (RESOURCE_DENIED).
//
// No method blocks; `done` runs once, on any thread. Thread-safe.
class ConnectionApi {
 public:
  template <typename Response>
  using Done = typename Answer<Response>::Done;

  ConnectionApi(CallGate& gate, ConnectionAdmin& connections,
                Interactions& interactions, ConsentFlow& consent,
                KeyKeeper& keys);

  void GetConnection(ApiCall call, v1::GetConnectionRequest request,
                     Done<v1::Connection> done);
  void ListConnections(ApiCall call, v1::ListConnectionsRequest request,
                       Done<v1::ListConnectionsResponse> done);
  void UpdateConnection(ApiCall call, v1::UpdateConnectionRequest request,
                        Done<v1::Connection> done);
  void RevokeConnection(ApiCall call, v1::RevokeConnectionRequest request,
                        Done<v1::RevokeConnectionResponse> done);
  void CreateConnectSession(ApiCall call,
                            v1::CreateConnectSessionRequest request,
                            Done<v1::ConnectSession> done);
  void CompleteConnect(ApiCall call, v1::CompleteConnectRequest request,
                       Done<v1::Connection> done);

 private:
  // Lets `work` run where it may block, for a caller who may manage
  // connections.
  template <typename Response>
  void Manage(const char* method, ApiCall call, Done<Response> done,
              absl::AnyInvocable<absl::StatusOr<Response>(const Caller&)> work);

  absl::StatusOr<ConnectionView> Find(const Caller& caller, const UserId& user,
                                      const ConnectionId& id);
  absl::StatusOr<v1::ListConnectionsResponse> List(
      const Caller& caller, const v1::ListConnectionsRequest& request);
  absl::StatusOr<v1::Connection> Update(
      const Caller& caller, const v1::UpdateConnectionRequest& request);
  absl::StatusOr<v1::RevokeConnectionResponse> Revoke(
      const Caller& caller, const v1::RevokeConnectionRequest& request);
  absl::StatusOr<v1::ConnectSession> Connect(
      const Caller& caller, const v1::CreateConnectSessionRequest& request);
  absl::StatusOr<UserId> FindPerson(
      const Caller& caller, const v1::CreateConnectSessionRequest& request);
  absl::StatusOr<v1::Connection> Complete(
      const Caller& caller, const v1::CompleteConnectRequest& request);

  CallGate& gate_;
  ConnectionAdmin& connections_;
  Interactions& interactions_;
  ConsentFlow& consent_;
  KeyKeeper& keys_;
};

}  // namespace tokenvault
