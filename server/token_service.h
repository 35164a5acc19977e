#pragma once

#include "server/grpc_unary.h"
#include "server/token_api.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {

// TokenApi by gRPC. For agents.
class TokenService final : public v1::TokenService::CallbackService {
 public:
  explicit TokenService(TokenApi& api) : api_(api) {}

  grpc::ServerUnaryReactor* GetScopedToken(
      grpc::CallbackServerContext* context,
      const v1::GetScopedTokenRequest* request,
      v1::GetScopedTokenResponse* response) override;
  grpc::ServerUnaryReactor* WaitInteraction(
      grpc::CallbackServerContext* context,
      const v1::WaitInteractionRequest* request,
      v1::Interaction* response) override;
  grpc::ServerUnaryReactor* CancelInteraction(
      grpc::CallbackServerContext* context,
      const v1::CancelInteractionRequest* request,
      v1::Interaction* response) override;
  grpc::ServerUnaryReactor* ReportTokenRejected(
      grpc::CallbackServerContext* context,
      const v1::ReportTokenRejectedRequest* request,
      v1::ReportTokenRejectedResponse* response) override;
  grpc::ServerUnaryReactor* ListUsableConnections(
      grpc::CallbackServerContext* context,
      const v1::ListUsableConnectionsRequest* request,
      v1::ListUsableConnectionsResponse* response) override;

 private:
  TokenApi& api_;
};

}  // namespace tokenvault
