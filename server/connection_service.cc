#include "server/connection_service.h"

#include <utility>

namespace tokenvault {

grpc::ServerUnaryReactor* ConnectionService::GetConnection(
    grpc::CallbackServerContext* context,
    const v1::GetConnectionRequest* request, v1::Connection* response) {
  return Serve(context, door_, request, response,
               [this](ApiCall call, v1::GetConnectionRequest asked,
                      ConnectionApi::Done<v1::Connection> done) {
                 api_.GetConnection(std::move(call), std::move(asked),
                                    std::move(done));
               });
}

grpc::ServerUnaryReactor* ConnectionService::ListConnections(
    grpc::CallbackServerContext* context,
    const v1::ListConnectionsRequest* request,
    v1::ListConnectionsResponse* response) {
  return Serve(context, door_, request, response,
               [this](ApiCall call, v1::ListConnectionsRequest asked,
                      ConnectionApi::Done<v1::ListConnectionsResponse> done) {
                 api_.ListConnections(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* ConnectionService::UpdateConnection(
    grpc::CallbackServerContext* context,
    const v1::UpdateConnectionRequest* request, v1::Connection* response) {
  return Serve(context, door_, request, response,
               [this](ApiCall call, v1::UpdateConnectionRequest asked,
                      ConnectionApi::Done<v1::Connection> done) {
                 api_.UpdateConnection(std::move(call), std::move(asked),
                                       std::move(done));
               });
}

grpc::ServerUnaryReactor* ConnectionService::RevokeConnection(
    grpc::CallbackServerContext* context,
    const v1::RevokeConnectionRequest* request,
    v1::RevokeConnectionResponse* response) {
  return Serve(context, door_, request, response,
               [this](ApiCall call, v1::RevokeConnectionRequest asked,
                      ConnectionApi::Done<v1::RevokeConnectionResponse> done) {
                 api_.RevokeConnection(std::move(call), std::move(asked),
                                       std::move(done));
               });
}

grpc::ServerUnaryReactor* ConnectionService::CreateConnectSession(
    grpc::CallbackServerContext* context,
    const v1::CreateConnectSessionRequest* request,
    v1::ConnectSession* response) {
  return Serve(context, door_, request, response,
               [this](ApiCall call, v1::CreateConnectSessionRequest asked,
                      ConnectionApi::Done<v1::ConnectSession> done) {
                 api_.CreateConnectSession(std::move(call), std::move(asked),
                                           std::move(done));
               });
}

grpc::ServerUnaryReactor* ConnectionService::CompleteConnect(
    grpc::CallbackServerContext* context,
    const v1::CompleteConnectRequest* request, v1::Connection* response) {
  return Serve(context, door_, request, response,
               [this](ApiCall call, v1::CompleteConnectRequest asked,
                      ConnectionApi::Done<v1::Connection> done) {
                 api_.CompleteConnect(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

}  // namespace tokenvault
