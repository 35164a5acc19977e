#include "server/admin_service.h"

#include <utility>

namespace tokenvault {

grpc::ServerUnaryReactor* AdminService::GetStatus(
    grpc::CallbackServerContext* context, const v1::GetStatusRequest* request,
    v1::Status* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::GetStatusRequest asked,
                      AdminApi::Done<v1::Status> done) {
                 api_.GetStatus(std::move(call), std::move(asked),
                                std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::Unseal(
    grpc::CallbackServerContext* context, const v1::UnsealRequest* request,
    v1::Status* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::UnsealRequest asked,
                      AdminApi::Done<v1::Status> done) {
                 api_.Unseal(std::move(call), std::move(asked),
                             std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::Seal(
    grpc::CallbackServerContext* context, const v1::SealRequest* request,
    v1::Status* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::SealRequest asked,
                      AdminApi::Done<v1::Status> done) {
                 api_.Seal(std::move(call), std::move(asked), std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListRootSources(
    grpc::CallbackServerContext* context,
    const v1::ListRootSourcesRequest* request,
    v1::ListRootSourcesResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListRootSourcesRequest asked,
                      AdminApi::Done<v1::ListRootSourcesResponse> done) {
                 api_.ListRootSources(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::AddRootSource(
    grpc::CallbackServerContext* context,
    const v1::AddRootSourceRequest* request, v1::RootSource* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::AddRootSourceRequest asked,
                      AdminApi::Done<v1::RootSource> done) {
                 api_.AddRootSource(std::move(call), std::move(asked),
                                    std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::RemoveRootSource(
    grpc::CallbackServerContext* context,
    const v1::RemoveRootSourceRequest* request,
    google::protobuf::Empty* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::RemoveRootSourceRequest asked,
                      AdminApi::Done<google::protobuf::Empty> done) {
                 api_.RemoveRootSource(std::move(call), std::move(asked),
                                       std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::RotateMasterKey(
    grpc::CallbackServerContext* context,
    const v1::RotateMasterKeyRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::RotateMasterKeyRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.RotateMasterKey(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::GetOperation(
    grpc::CallbackServerContext* context,
    const v1::GetOperationRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::GetOperationRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.GetOperation(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::CancelOperation(
    grpc::CallbackServerContext* context,
    const v1::CancelOperationRequest* request,
    google::protobuf::Empty* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::CancelOperationRequest asked,
                      AdminApi::Done<google::protobuf::Empty> done) {
                 api_.CancelOperation(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListMasterKeys(
    grpc::CallbackServerContext* context,
    const v1::ListMasterKeysRequest* request,
    v1::ListMasterKeysResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListMasterKeysRequest asked,
                      AdminApi::Done<v1::ListMasterKeysResponse> done) {
                 api_.ListMasterKeys(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::VerifyKeys(
    grpc::CallbackServerContext* context, const v1::VerifyKeysRequest* request,
    v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::VerifyKeysRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.VerifyKeys(std::move(call), std::move(asked),
                                 std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::DestroyMasterKey(
    grpc::CallbackServerContext* context,
    const v1::DestroyMasterKeyRequest* request, v1::MasterKey* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::DestroyMasterKeyRequest asked,
                      AdminApi::Done<v1::MasterKey> done) {
                 api_.DestroyMasterKey(std::move(call), std::move(asked),
                                       std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::RevokeForIncident(
    grpc::CallbackServerContext* context,
    const v1::RevokeForIncidentRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::RevokeForIncidentRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.RevokeForIncident(std::move(call), std::move(asked),
                                        std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::StopIssuance(
    grpc::CallbackServerContext* context,
    const v1::StopIssuanceRequest* request,
    v1::StopIssuanceResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::StopIssuanceRequest asked,
                      AdminApi::Done<v1::StopIssuanceResponse> done) {
                 api_.StopIssuance(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ResumeIssuance(
    grpc::CallbackServerContext* context,
    const v1::ResumeIssuanceRequest* request,
    google::protobuf::Empty* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ResumeIssuanceRequest asked,
                      AdminApi::Done<google::protobuf::Empty> done) {
                 api_.ResumeIssuance(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListStops(
    grpc::CallbackServerContext* context, const v1::ListStopsRequest* request,
    v1::ListStopsResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListStopsRequest asked,
                      AdminApi::Done<v1::ListStopsResponse> done) {
                 api_.ListStops(std::move(call), std::move(asked),
                                std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListLiveTokens(
    grpc::CallbackServerContext* context,
    const v1::ListLiveTokensRequest* request,
    v1::ListLiveTokensResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListLiveTokensRequest asked,
                      AdminApi::Done<v1::ListLiveTokensResponse> done) {
                 api_.ListLiveTokens(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::EraseUser(
    grpc::CallbackServerContext* context, const v1::EraseUserRequest* request,
    v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::EraseUserRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.EraseUser(std::move(call), std::move(asked),
                                std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::RotateDataKeys(
    grpc::CallbackServerContext* context,
    const v1::RotateDataKeysRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::RotateDataKeysRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.RotateDataKeys(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::CreateBackup(
    grpc::CallbackServerContext* context,
    const v1::CreateBackupRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::CreateBackupRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.CreateBackup(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::VerifyBackup(
    grpc::CallbackServerContext* context,
    const v1::VerifyBackupRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::VerifyBackupRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.VerifyBackup(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListBackups(
    grpc::CallbackServerContext* context, const v1::ListBackupsRequest* request,
    v1::ListBackupsResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListBackupsRequest asked,
                      AdminApi::Done<v1::ListBackupsResponse> done) {
                 api_.ListBackups(std::move(call), std::move(asked),
                                  std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ForgetBackup(
    grpc::CallbackServerContext* context,
    const v1::ForgetBackupRequest* request, google::protobuf::Empty* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ForgetBackupRequest asked,
                      AdminApi::Done<google::protobuf::Empty> done) {
                 api_.ForgetBackup(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ReloadConfig(
    grpc::CallbackServerContext* context,
    const v1::ReloadConfigRequest* request,
    v1::ReloadConfigResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ReloadConfigRequest asked,
                      AdminApi::Done<v1::ReloadConfigResponse> done) {
                 api_.ReloadConfig(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::GetConfig(
    grpc::CallbackServerContext* context, const v1::GetConfigRequest* request,
    v1::GetConfigResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::GetConfigRequest asked,
                      AdminApi::Done<v1::GetConfigResponse> done) {
                 api_.GetConfig(std::move(call), std::move(asked),
                                std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListProviders(
    grpc::CallbackServerContext* context,
    const v1::ListProvidersRequest* request,
    v1::ListProvidersResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListProvidersRequest asked,
                      AdminApi::Done<v1::ListProvidersResponse> done) {
                 api_.ListProviders(std::move(call), std::move(asked),
                                    std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::TestProvider(
    grpc::CallbackServerContext* context,
    const v1::TestProviderRequest* request,
    v1::TestProviderResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::TestProviderRequest asked,
                      AdminApi::Done<v1::TestProviderResponse> done) {
                 api_.TestProvider(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::CaptureFixture(
    grpc::CallbackServerContext* context,
    const v1::CaptureFixtureRequest* request,
    v1::CaptureFixtureResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::CaptureFixtureRequest asked,
                      AdminApi::Done<v1::CaptureFixtureResponse> done) {
                 api_.CaptureFixture(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListAgents(
    grpc::CallbackServerContext* context, const v1::ListAgentsRequest* request,
    v1::ListAgentsResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListAgentsRequest asked,
                      AdminApi::Done<v1::ListAgentsResponse> done) {
                 api_.ListAgents(std::move(call), std::move(asked),
                                 std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::EvaluatePolicy(
    grpc::CallbackServerContext* context,
    const v1::EvaluatePolicyRequest* request,
    v1::EvaluatePolicyResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::EvaluatePolicyRequest asked,
                      AdminApi::Done<v1::EvaluatePolicyResponse> done) {
                 api_.EvaluatePolicy(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListPolicies(
    grpc::CallbackServerContext* context,
    const v1::ListPoliciesRequest* request,
    v1::ListPoliciesResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListPoliciesRequest asked,
                      AdminApi::Done<v1::ListPoliciesResponse> done) {
                 api_.ListPolicies(std::move(call), std::move(asked),
                                   std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ListAuditEvents(
    grpc::CallbackServerContext* context,
    const v1::ListAuditEventsRequest* request,
    v1::ListAuditEventsResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ListAuditEventsRequest asked,
                      AdminApi::Done<v1::ListAuditEventsResponse> done) {
                 api_.ListAuditEvents(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::VerifyAuditLog(
    grpc::CallbackServerContext* context,
    const v1::VerifyAuditLogRequest* request,
    v1::VerifyAuditLogResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::VerifyAuditLogRequest asked,
                      AdminApi::Done<v1::VerifyAuditLogResponse> done) {
                 api_.VerifyAuditLog(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::GetAuditLog(
    grpc::CallbackServerContext* context, const v1::GetAuditLogRequest* request,
    v1::AuditLog* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::GetAuditLogRequest asked,
                      AdminApi::Done<v1::AuditLog> done) {
                 api_.GetAuditLog(std::move(call), std::move(asked),
                                  std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ProveAuditEvent(
    grpc::CallbackServerContext* context,
    const v1::ProveAuditEventRequest* request, v1::AuditProof* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ProveAuditEventRequest asked,
                      AdminApi::Done<v1::AuditProof> done) {
                 api_.ProveAuditEvent(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ExportAuditLog(
    grpc::CallbackServerContext* context,
    const v1::ExportAuditLogRequest* request,
    v1::ExportAuditLogResponse* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ExportAuditLogRequest asked,
                      AdminApi::Done<v1::ExportAuditLogResponse> done) {
                 api_.ExportAuditLog(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

grpc::ServerUnaryReactor* AdminService::ArchiveAuditLog(
    grpc::CallbackServerContext* context,
    const v1::ArchiveAuditLogRequest* request, v1::Operation* response) {
  return Serve(context, GrpcDoor::kAdmin, request, response,
               [this](ApiCall call, v1::ArchiveAuditLogRequest asked,
                      AdminApi::Done<v1::Operation> done) {
                 api_.ArchiveAuditLog(std::move(call), std::move(asked),
                                      std::move(done));
               });
}

}  // namespace tokenvault
