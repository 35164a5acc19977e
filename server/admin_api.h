#pragma once

#include <string>
#include <utility>

#include "base/errors.h"
#include "google/protobuf/empty.pb.h"
#include "server/admin_audit.h"
#include "server/answer.h"
#include "server/call_gate.h"
#include "server/config_reload.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "vault/backups.h"
#include "vault/data_key_rotation.h"
#include "vault/erasure.h"
#include "vault/incident.h"
#include "vault/key_rotation.h"
#include "vault/operations.h"
#include "vault/provider_access.h"
#include "vault/refresher.h"
#include "vault/root_source_admin.h"
#include "vault/seal_switch.h"
#include "vault/stops.h"

namespace tokenvault {

// AdminService behind its one door, the admin socket: anyone who is not the
// operator is told that nothing is here (RESOURCE_DENIED).
//
// No method blocks; `done` runs once, on any thread. Thread-safe.
class AdminApi {
 public:
  template <typename Response>
  using Done = typename Answer<Response>::Done;

  // What is the same for the life of the process.
  struct Facts {
    std::string version;
    std::string grpc_address;
    std::string public_url;
    absl::Time start_time;
  };

  // What has to do with keys, or takes long.
  struct KeyWork {
    Operations& operations;
    KeyRotation& rotation;
    Incident& incident;
    SealSwitch& seal;
    RootSourceAdmin& sources;
    Erasure& erasure;
    DataKeyRotation& data_keys;
    Backups& backups;
    Stops& stops;
  };

  AdminApi(CallGate& gate, Store& store, KeyWork work, AuditWork audit,
           ProviderAccess& providers, const Refresher& refresher,
           ConfigReload& reload, Facts facts);

  void GetStatus(ApiCall call, v1::GetStatusRequest request,
                 Done<v1::Status> done);
  void Unseal(ApiCall call, v1::UnsealRequest request, Done<v1::Status> done);
  void Seal(ApiCall call, v1::SealRequest request, Done<v1::Status> done);
  void ListRootSources(ApiCall call, v1::ListRootSourcesRequest request,
                       Done<v1::ListRootSourcesResponse> done);
  void AddRootSource(ApiCall call, v1::AddRootSourceRequest request,
                     Done<v1::RootSource> done);
  void RemoveRootSource(ApiCall call, v1::RemoveRootSourceRequest request,
                        Done<google::protobuf::Empty> done);
  void RotateMasterKey(ApiCall call, v1::RotateMasterKeyRequest request,
                       Done<v1::Operation> done);
  void GetOperation(ApiCall call, v1::GetOperationRequest request,
                    Done<v1::Operation> done);
  void CancelOperation(ApiCall call, v1::CancelOperationRequest request,
                       Done<google::protobuf::Empty> done);
  void ListMasterKeys(ApiCall call, v1::ListMasterKeysRequest request,
                      Done<v1::ListMasterKeysResponse> done);
  void VerifyKeys(ApiCall call, v1::VerifyKeysRequest request,
                  Done<v1::Operation> done);
  void DestroyMasterKey(ApiCall call, v1::DestroyMasterKeyRequest request,
                        Done<v1::MasterKey> done);
  void RevokeForIncident(ApiCall call, v1::RevokeForIncidentRequest request,
                         Done<v1::Operation> done);
  void StopIssuance(ApiCall call, v1::StopIssuanceRequest request,
                    Done<v1::StopIssuanceResponse> done);
  void ResumeIssuance(ApiCall call, v1::ResumeIssuanceRequest request,
                      Done<google::protobuf::Empty> done);
  void ListStops(ApiCall call, v1::ListStopsRequest request,
                 Done<v1::ListStopsResponse> done);
  void ListLiveTokens(ApiCall call, v1::ListLiveTokensRequest request,
                      Done<v1::ListLiveTokensResponse> done);
  void EraseUser(ApiCall call, v1::EraseUserRequest request,
                 Done<v1::Operation> done);
  void RotateDataKeys(ApiCall call, v1::RotateDataKeysRequest request,
                      Done<v1::Operation> done);
  void CreateBackup(ApiCall call, v1::CreateBackupRequest request,
                    Done<v1::Operation> done);
  void VerifyBackup(ApiCall call, v1::VerifyBackupRequest request,
                    Done<v1::Operation> done);
  void ListBackups(ApiCall call, v1::ListBackupsRequest request,
                   Done<v1::ListBackupsResponse> done);
  void ForgetBackup(ApiCall call, v1::ForgetBackupRequest request,
                    Done<google::protobuf::Empty> done);
  void ReloadConfig(ApiCall call, v1::ReloadConfigRequest request,
                    Done<v1::ReloadConfigResponse> done);
  void GetConfig(ApiCall call, v1::GetConfigRequest request,
                 Done<v1::GetConfigResponse> done);
  void ListProviders(ApiCall call, v1::ListProvidersRequest request,
                     Done<v1::ListProvidersResponse> done);
  void TestProvider(ApiCall call, v1::TestProviderRequest request,
                    Done<v1::TestProviderResponse> done);
  void CaptureFixture(ApiCall call, v1::CaptureFixtureRequest request,
                      Done<v1::CaptureFixtureResponse> done);
  void ListAgents(ApiCall call, v1::ListAgentsRequest request,
                  Done<v1::ListAgentsResponse> done);
  void EvaluatePolicy(ApiCall call, v1::EvaluatePolicyRequest request,
                      Done<v1::EvaluatePolicyResponse> done);
  void ListPolicies(ApiCall call, v1::ListPoliciesRequest request,
                    Done<v1::ListPoliciesResponse> done);
  void ListAuditEvents(ApiCall call, v1::ListAuditEventsRequest request,
                       Done<v1::ListAuditEventsResponse> done);
  void GetAuditLog(ApiCall call, v1::GetAuditLogRequest request,
                   Done<v1::AuditLog> done);
  void ProveAuditEvent(ApiCall call, v1::ProveAuditEventRequest request,
                       Done<v1::AuditProof> done);
  void ExportAuditLog(ApiCall call, v1::ExportAuditLogRequest request,
                      Done<v1::ExportAuditLogResponse> done);
  void ArchiveAuditLog(ApiCall call, v1::ArchiveAuditLogRequest request,
                       Done<v1::Operation> done);
  void VerifyAuditLog(ApiCall call, v1::VerifyAuditLogRequest request,
                      Done<v1::VerifyAuditLogResponse> done);

 private:
  template <typename Response>
  void Operate(
      ApiCall call, Done<Response> done,
      absl::AnyInvocable<absl::StatusOr<Response>(const Caller&)> work);
  void OperateAtOnce(ApiCall call, bool on_disk,
                     absl::AnyInvocable<void(absl::StatusOr<Caller>)> work);
  template <typename Request>
  absl::StatusOr<Stops::Order> ReadStop(const Caller& caller,
                                        const Request& request);
  v1::Status ReadStatus(bool deep);
  absl::StatusOr<v1::ListAuditEventsResponse> ReadAudit(
      const v1::ListAuditEventsRequest& request);

  CallGate& gate_;
  Store& store_;
  const KeyWork work_;
  const AuditWork audit_;
  ProviderAccess& providers_;
  const Refresher& refresher_;
  ConfigReload& reload_;
  const Facts facts_;
};

template <typename Response>
void AdminApi::Operate(
    ApiCall call, Done<Response> done,
    absl::AnyInvocable<absl::StatusOr<Response>(const Caller&)> work) {
  // Operators wait as long as they like: a deep status reads the whole disk.
  Answer<Response> answer(std::move(done));
  gate_.Enter(call.credential, [this, answer, work = std::move(work)](
                                   absl::StatusOr<Caller> caller) mutable {
    if (!caller.ok()) return answer(caller.status());
    if (!caller->is_operator) {
      return answer(errors::ResourceDenied("administration"));
    }
    bool taken = gate_.Submit(
        [answer, work = std::move(work),
         caller = *std::move(caller)]() mutable { answer(work(caller)); });
    if (!taken) answer(CallGate::Overloaded());
  });
}

}  // namespace tokenvault
