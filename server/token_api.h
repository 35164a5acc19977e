#pragma once

#include <memory>

#include "absl/container/flat_hash_set.h"
#include "server/answer.h"
#include "server/call_gate.h"
#include "storage/store.h"
#include "tokenvault/v1/token_service.pb.h"
#include "vault/broker.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/token_rejections.h"

namespace tokenvault {

// TokenService behind its two doors, gRPC and JSON. proto/tokenvault/v1/
// token_service.proto says what each method promises.
//
// No method blocks. `done` runs once, on any thread, possibly before the method
// returns. Thread-safe.
class TokenApi {
 public:
  template <typename Response>
  using Done = typename Answer<Response>::Done;

  TokenApi(CallGate& gate, Broker& broker, Interactions& interactions,
           TokenRejections& rejections, KeyKeeper& keys);

  void GetScopedToken(ApiCall call, v1::GetScopedTokenRequest request,
                      Done<v1::GetScopedTokenResponse> done);
  void WaitInteraction(ApiCall call, v1::WaitInteractionRequest request,
                       Done<v1::Interaction> done);
  void CancelInteraction(ApiCall call, v1::CancelInteractionRequest request,
                         Done<v1::Interaction> done);
  void ReportTokenRejected(ApiCall call, v1::ReportTokenRejectedRequest request,
                           Done<v1::ReportTokenRejectedResponse> done);
  void ListUsableConnections(ApiCall call,
                             v1::ListUsableConnectionsRequest request,
                             Done<v1::ListUsableConnectionsResponse> done);

  // Ends every wait with what is known, and each later one at once: the process
  // is stopping, and a wait must not hold it up.
  void EndWaits();

 private:
  struct TokenCall;
  struct WaitCall;

  void Admit(std::shared_ptr<TokenCall> call);
  void FindPerson(std::shared_ptr<TokenCall> call);
  void Ask(std::shared_ptr<TokenCall> call,
           const absl::StatusOr<Person>& person);
  void Refuse(std::shared_ptr<TokenCall> call, absl::Status why);
  void Finish(std::shared_ptr<TokenCall> call,
              absl::StatusOr<AccessAnswer> answer);
  void Count(const TokenCall& call, const absl::StatusOr<AccessAnswer>& answer);

  absl::Status Register(std::shared_ptr<WaitCall> call);
  void Wait(std::shared_ptr<WaitCall> call);
  void End(std::shared_ptr<WaitCall> call);
  void Tell(std::shared_ptr<WaitCall> call);
  void Forget(const std::shared_ptr<WaitCall>& call);
  absl::StatusOr<v1::ReportTokenRejectedResponse> AdviseOn(
      const Caller& caller, const v1::ReportTokenRejectedRequest& request);
  absl::StatusOr<v1::ListUsableConnectionsResponse> ListUsable(
      const Caller& caller, const v1::ListUsableConnectionsRequest& request);

  CallGate& gate_;
  Broker& broker_;
  Interactions& interactions_;
  TokenRejections& rejections_;
  KeyKeeper& keys_;

  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<WaitCall>> waiting_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
