#include "server/token_service.h"

#include <utility>

namespace tokenvault {

grpc::ServerUnaryReactor* TokenService::GetScopedToken(
    grpc::CallbackServerContext* context,
    const v1::GetScopedTokenRequest* request,
    v1::GetScopedTokenResponse* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::GetScopedTokenRequest asked,
                      TokenApi::Done<v1::GetScopedTokenResponse> done) {
                 api_.GetScopedToken(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* TokenService::WaitInteraction(
    grpc::CallbackServerContext* context,
    const v1::WaitInteractionRequest* request, v1::Interaction* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::WaitInteractionRequest asked,
                      TokenApi::Done<v1::Interaction> done) {
                 api_.WaitInteraction(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* TokenService::CancelInteraction(
    grpc::CallbackServerContext* context,
    const v1::CancelInteractionRequest* request, v1::Interaction* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::CancelInteractionRequest asked,
                      TokenApi::Done<v1::Interaction> done) {
                 api_.CancelInteraction(std::move(call), std::move(asked),
                                        std::move(done));
               });
}

grpc::ServerUnaryReactor* TokenService::ReportTokenRejected(
    grpc::CallbackServerContext* context,
    const v1::ReportTokenRejectedRequest* request,
    v1::ReportTokenRejectedResponse* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::ReportTokenRejectedRequest asked,
                      TokenApi::Done<v1::ReportTokenRejectedResponse> done) {
                 api_.ReportTokenRejected(std::move(call), std::move(asked),
                                          std::move(done));
               });
}

grpc::ServerUnaryReactor* TokenService::ListUsableConnections(
    grpc::CallbackServerContext* context,
    const v1::ListUsableConnectionsRequest* request,
    v1::ListUsableConnectionsResponse* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::ListUsableConnectionsRequest asked,
                      TokenApi::Done<v1::ListUsableConnectionsResponse> done) {
                 api_.ListUsableConnections(std::move(call), std::move(asked),
                                            std::move(done));
               });
}

}  // namespace tokenvault
