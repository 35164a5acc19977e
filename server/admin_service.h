#pragma once

#include "server/admin_api.h"
#include "server/grpc_unary.h"
#include "tokenvault/v1/admin_service.grpc.pb.h"

namespace tokenvault {

// AdminApi by gRPC. For operators, at the admin socket only.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  explicit AdminService(AdminApi& api) : api_(api) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::Status* response) override;
  grpc::ServerUnaryReactor* Unseal(grpc::CallbackServerContext* context,
                                   const v1::UnsealRequest* request,
                                   v1::Status* response) override;
  grpc::ServerUnaryReactor* Seal(grpc::CallbackServerContext* context,
                                 const v1::SealRequest* request,
                                 v1::Status* response) override;
  grpc::ServerUnaryReactor* ListRootSources(
      grpc::CallbackServerContext* context,
      const v1::ListRootSourcesRequest* request,
      v1::ListRootSourcesResponse* response) override;
  grpc::ServerUnaryReactor* AddRootSource(
      grpc::CallbackServerContext* context,
      const v1::AddRootSourceRequest* request,
      v1::RootSource* response) override;
  grpc::ServerUnaryReactor* RemoveRootSource(
      grpc::CallbackServerContext* context,
      const v1::RemoveRootSourceRequest* request,
      google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* RotateMasterKey(
      grpc::CallbackServerContext* context,
      const v1::RotateMasterKeyRequest* request,
      v1::Operation* response) override;
  grpc::ServerUnaryReactor* GetOperation(grpc::CallbackServerContext* context,
                                         const v1::GetOperationRequest* request,
                                         v1::Operation* response) override;
  grpc::ServerUnaryReactor* CancelOperation(
      grpc::CallbackServerContext* context,
      const v1::CancelOperationRequest* request,
      google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* ListMasterKeys(
      grpc::CallbackServerContext* context,
      const v1::ListMasterKeysRequest* request,
      v1::ListMasterKeysResponse* response) override;
  grpc::ServerUnaryReactor* VerifyKeys(grpc::CallbackServerContext* context,
                                       const v1::VerifyKeysRequest* request,
                                       v1::Operation* response) override;
  grpc::ServerUnaryReactor* DestroyMasterKey(
      grpc::CallbackServerContext* context,
      const v1::DestroyMasterKeyRequest* request,
      v1::MasterKey* response) override;
  grpc::ServerUnaryReactor* RevokeForIncident(
      grpc::CallbackServerContext* context,
      const v1::RevokeForIncidentRequest* request,
      v1::Operation* response) override;
  grpc::ServerUnaryReactor* StopIssuance(
      grpc::CallbackServerContext* context,
      const v1::StopIssuanceRequest* request,
      v1::StopIssuanceResponse* response) override;
  grpc::ServerUnaryReactor* ResumeIssuance(
      grpc::CallbackServerContext* context,
      const v1::ResumeIssuanceRequest* request,
      google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* ListStops(grpc::CallbackServerContext* context,
                                      const v1::ListStopsRequest* request,
                                      v1::ListStopsResponse* response) override;
  grpc::ServerUnaryReactor* ListLiveTokens(
      grpc::CallbackServerContext* context,
      const v1::ListLiveTokensRequest* request,
      v1::ListLiveTokensResponse* response) override;
  grpc::ServerUnaryReactor* EraseUser(grpc::CallbackServerContext* context,
                                      const v1::EraseUserRequest* request,
                                      v1::Operation* response) override;
  grpc::ServerUnaryReactor* RotateDataKeys(
      grpc::CallbackServerContext* context,
      const v1::RotateDataKeysRequest* request,
      v1::Operation* response) override;
  grpc::ServerUnaryReactor* CreateBackup(grpc::CallbackServerContext* context,
                                         const v1::CreateBackupRequest* request,
                                         v1::Operation* response) override;
  grpc::ServerUnaryReactor* VerifyBackup(grpc::CallbackServerContext* context,
                                         const v1::VerifyBackupRequest* request,
                                         v1::Operation* response) override;
  grpc::ServerUnaryReactor* ListBackups(
      grpc::CallbackServerContext* context,
      const v1::ListBackupsRequest* request,
      v1::ListBackupsResponse* response) override;
  grpc::ServerUnaryReactor* ForgetBackup(
      grpc::CallbackServerContext* context,
      const v1::ForgetBackupRequest* request,
      google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* ReloadConfig(
      grpc::CallbackServerContext* context,
      const v1::ReloadConfigRequest* request,
      v1::ReloadConfigResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context,
                                      const v1::GetConfigRequest* request,
                                      v1::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* ListProviders(
      grpc::CallbackServerContext* context,
      const v1::ListProvidersRequest* request,
      v1::ListProvidersResponse* response) override;
  grpc::ServerUnaryReactor* TestProvider(
      grpc::CallbackServerContext* context,
      const v1::TestProviderRequest* request,
      v1::TestProviderResponse* response) override;
  grpc::ServerUnaryReactor* CaptureFixture(
      grpc::CallbackServerContext* context,
      const v1::CaptureFixtureRequest* request,
      v1::CaptureFixtureResponse* response) override;
  grpc::ServerUnaryReactor* ListAgents(
      grpc::CallbackServerContext* context,
      const v1::ListAgentsRequest* request,
      v1::ListAgentsResponse* response) override;
  grpc::ServerUnaryReactor* EvaluatePolicy(
      grpc::CallbackServerContext* context,
      const v1::EvaluatePolicyRequest* request,
      v1::EvaluatePolicyResponse* response) override;
  grpc::ServerUnaryReactor* ListPolicies(
      grpc::CallbackServerContext* context,
      const v1::ListPoliciesRequest* request,
      v1::ListPoliciesResponse* response) override;
  grpc::ServerUnaryReactor* ListAuditEvents(
      grpc::CallbackServerContext* context,
      const v1::ListAuditEventsRequest* request,
      v1::ListAuditEventsResponse* response) override;
  grpc::ServerUnaryReactor* GetAuditLog(grpc::CallbackServerContext* context,
                                        const v1::GetAuditLogRequest* request,
                                        v1::AuditLog* response) override;
  grpc::ServerUnaryReactor* ProveAuditEvent(
      grpc::CallbackServerContext* context,
      const v1::ProveAuditEventRequest* request,
      v1::AuditProof* response) override;
  grpc::ServerUnaryReactor* ExportAuditLog(
      grpc::CallbackServerContext* context,
      const v1::ExportAuditLogRequest* request,
      v1::ExportAuditLogResponse* response) override;
  grpc::ServerUnaryReactor* ArchiveAuditLog(
      grpc::CallbackServerContext* context,
      const v1::ArchiveAuditLogRequest* request,
      v1::Operation* response) override;
  grpc::ServerUnaryReactor* VerifyAuditLog(
      grpc::CallbackServerContext* context,
      const v1::VerifyAuditLogRequest* request,
      v1::VerifyAuditLogResponse* response) override;

 private:
  AdminApi& api_;
};

}  // namespace tokenvault
