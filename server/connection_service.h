#pragma once

#include "server/connection_api.h"
#include "server/grpc_unary.h"
#include "tokenvault/v1/connection_service.grpc.pb.h"

namespace tokenvault {

// ConnectionApi by gRPC. For back ends at the agents' door, for operators at
// the admin socket.
class ConnectionService final : public v1::ConnectionService::CallbackService {
 public:
  ConnectionService(ConnectionApi& api, GrpcDoor door)
      : api_(api), door_(door) {}

  grpc::ServerUnaryReactor* GetConnection(
      grpc::CallbackServerContext* context,
      const v1::GetConnectionRequest* request,
      v1::Connection* response) override;
  grpc::ServerUnaryReactor* ListConnections(
      grpc::CallbackServerContext* context,
      const v1::ListConnectionsRequest* request,
      v1::ListConnectionsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateConnection(
      grpc::CallbackServerContext* context,
      const v1::UpdateConnectionRequest* request,
      v1::Connection* response) override;
  grpc::ServerUnaryReactor* RevokeConnection(
      grpc::CallbackServerContext* context,
      const v1::RevokeConnectionRequest* request,
      v1::RevokeConnectionResponse* response) override;
  grpc::ServerUnaryReactor* CreateConnectSession(
      grpc::CallbackServerContext* context,
      const v1::CreateConnectSessionRequest* request,
      v1::ConnectSession* response) override;
  grpc::ServerUnaryReactor* CompleteConnect(
      grpc::CallbackServerContext* context,
      const v1::CompleteConnectRequest* request,
      v1::Connection* response) override;

 private:
  ConnectionApi& api_;
  const GrpcDoor door_;
};

}  // namespace tokenvault
