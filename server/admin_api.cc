#include "server/admin_api.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/admin_backups.h"
#include "server/admin_people.h"
#include "server/admin_policy.h"
#include "server/admin_stops.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"
#include "vault/provider_call.h"

namespace tokenvault {
namespace {

// Of the audit log, by one call.
constexpr uint64_t kLeavesLookedAt = 100'000;
// Of one answer, so that a page of long leaves fits in a message.
constexpr size_t kMostAuditBytes = size_t{192} << 10;

// What to register at the provider: one for each tenant, one a line.
std::string RedirectUris(const Directory& directory, const ProviderId& id) {
  std::string uris;
  for (const auto& [tenant, unused] : directory.tenants) {
    absl::StrAppend(&uris, uris.empty() ? "" : "\n",
                    CallbackUrl(directory, tenant, id));
  }
  return uris;
}

// The entries of a sorted map that belong on this page, in order.
template <typename Map, typename Add>
absl::StatusOr<std::string> ReadPage(const Map& map, int page_size,
                                     const std::string& page_token, Add add) {
  ASSIGN_OR_RETURN(int size, ReadPageSize(page_size));
  ASSIGN_OR_RETURN(std::string after, ReadPageToken(page_token));
  auto it = after.empty() ? map.begin()
                          : map.upper_bound(typename Map::key_type(after));
  for (; it != map.end() && size > 0; ++it, --size) {
    add(it->second);
    after = it->first.value;
  }
  return it == map.end() ? std::string() : MakePageToken(after);
}

absl::StatusOr<const Provider*> ReadProvider(const Directory& directory,
                                             const std::string& name) {
  ASSIGN_OR_RETURN(ProviderId id, ReadProviderName("name", name));
  const Provider* provider = directory.FindProvider(id);
  if (provider == nullptr) return errors::ResourceDenied(ProviderName(id));
  return provider;
}

absl::StatusOr<v1::TestProviderResponse> Test(
    ProviderAccess& access, const Directory& directory,
    const v1::TestProviderRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(const Provider* provider,
                   ReadProvider(directory, request.name()));
  v1::TestProviderResponse response;
  for (const ProviderCheck& check : tokenvault::TestProvider(
           access, *provider, RedirectUris(directory, provider->id),
           directory.dev_mode, now)) {
    *response.add_checks() = ToProto(check);
  }
  return response;
}

absl::StatusOr<v1::CaptureFixtureResponse> Capture(
    ProviderAccess& access, const Clock& clock, const Directory& directory,
    const v1::CaptureFixtureRequest& request) {
  ASSIGN_OR_RETURN(const Provider* provider,
                   ReadProvider(directory, request.name()));
  const std::string uris = RedirectUris(directory, provider->id);
  v1::CaptureFixtureResponse response;
  response.set_provider(ProviderName(provider->id));
  response.set_preset(provider->preset);
  *response.mutable_capture_time() = ToTimestamp(clock.Now());
  for (const CapturedExchange& exchange : tokenvault::CaptureFixture(
           access.http(), clock, *provider, uris.substr(0, uris.find('\n')),
           directory.dev_mode)) {
    *response.add_exchanges() = ToProto(exchange);
  }
  return response;
}

absl::StatusOr<IncidentScope> ReadScope(
    const v1::RevokeForIncidentRequest& request) {
  IncidentScope scope;
  if (!request.provider().empty()) {
    ASSIGN_OR_RETURN(scope.provider,
                     ReadProviderName("provider", request.provider()));
  }
  if (!request.agent().empty()) {
    ASSIGN_OR_RETURN(scope.agent, ReadAgentName("agent", request.agent()));
  }
  if (!request.user().empty()) {
    ASSIGN_OR_RETURN(scope.user, ReadUserName("user", request.user()));
  }
  const bool some =
      !scope.provider.empty() || !scope.agent.empty() || !scope.user.empty();
  if (some == request.all()) {
    return errors::FieldInvalid(
        "all", "is given alone, or a provider, an agent or a user without it");
  }
  return scope;
}

}  // namespace

AdminApi::AdminApi(CallGate& gate, Store& store, KeyWork work, AuditWork audit,
                   ProviderAccess& providers, const Refresher& refresher,
                   ConfigReload& reload, Facts facts)
    : gate_(gate),
      store_(store),
      work_(work),
      audit_(audit),
      providers_(providers),
      refresher_(refresher),
      reload_(reload),
      facts_(std::move(facts)) {}

// -------------------------------------------------------------------- status
// --

void AdminApi::GetStatus(ApiCall call, v1::GetStatusRequest request,
                         Done<v1::Status> done) {
  Operate<v1::Status>(std::move(call), std::move(done),
                      [this, deep = request.deep()](
                          const Caller&) -> absl::StatusOr<v1::Status> {
                        return ReadStatus(deep);
                      });
}

// What cannot be read is left out: this answers as long as the daemon runs.
v1::Status AdminApi::ReadStatus(bool deep) {
  const Config config = reload_.config();
  v1::Status status;
  status.set_initialized(true);
  status.set_sealed(work_.seal.sealed());
  status.set_keys_in_memory(static_cast<int64_t>(work_.seal.keys_in_memory()));
  status.set_version(facts_.version);
  status.set_seal(work_.seal.opened_by());
  status.set_config_generation(config.generation);
  *status.mutable_config_load_time() = ToTimestamp(reload_.load_time());
  status.set_config_changed_on_disk(reload_.ChangedOnDisk());
  status.set_providers(
      static_cast<int32_t>(config.directory->providers.size()));
  for (const ProviderBreaker::Doubt& doubt : refresher_.Doubts()) {
    *status.add_failing_providers() = ToProto(doubt);
  }
  status.set_dev_mode(config.directory->dev_mode);
  *status.mutable_start_time() = ToTimestamp(facts_.start_time);
  status.set_grpc_address(facts_.grpc_address);
  status.set_public_url(facts_.public_url);
  for (const Stop& stop : work_.stops.List()) {
    *status.add_stops() = ToProto(store_, stop);
  }

  uint32_t generation = 0;
  if (auto keys = work_.rotation.ListKeys(); keys.ok()) {
    for (const KeyRotation::KeyInfo& info : *keys) {
      if (info.key.state != KekState::kActive) continue;
      generation = info.key.version_number;
      *status.mutable_key_create_time() = ToTimestamp(info.key.create_time);
    }
  }
  status.set_key_generation(generation);
  if (auto left = store_.CountDeksBefore(generation); left.ok()) {
    status.set_data_keys_on_older_keys(*left);
  }
  if (auto stored = store_.GetStatus(); stored.ok()) {
    status.set_storage(stored->location);
    status.set_storage_bytes(stored->bytes);
    status.set_audit_events(stored->audit_entries);
    status.set_active_connections(
        stored->connections[ConnectionState::kActive]);
    status.set_reconnect_connections(
        stored->connections[ConnectionState::kNeedsReconnect]);
    status.set_paused_connections(stored->paused_connections);
  } else {
    status.set_integrity(ReasonOf(stored.status()));
  }
  if (deep) {
    absl::Status integrity = store_.CheckIntegrity();
    status.set_integrity(integrity.ok() ? "ok" : ReasonOf(integrity));
  }
  return status;
}

// ---------------------------------------------------------------------- keys
// --

void AdminApi::RotateMasterKey(ApiCall call, v1::RotateMasterKeyRequest request,
                               Done<v1::Operation> done) {
  Operate<v1::Operation>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) -> absl::StatusOr<v1::Operation> {
        RETURN_IF_ERROR(CheckRequestId(request.request_id()));
        if (request.rows_per_second() < 0) {
          return errors::FieldInvalid("rows_per_second",
                                      "must not be negative");
        }
        const KeyRotation::Extent extent = request.rewrap_only()
                                               ? KeyRotation::Extent::kLeftOver
                                               : KeyRotation::Extent::kAll;
        ASSIGN_OR_RETURN(
            Operation::Progress progress,
            request.validate_only()
                ? work_.rotation.Preview(extent)
                : work_.rotation.Start(request.rows_per_second(),
                                       request.request_id(), extent));
        return ToProto(progress);
      });
}

void AdminApi::GetOperation(ApiCall call, v1::GetOperationRequest request,
                            Done<v1::Operation> done) {
  Operate<v1::Operation>(std::move(call), std::move(done),
                         [this, request = std::move(request)](
                             const Caller&) -> absl::StatusOr<v1::Operation> {
                           ASSIGN_OR_RETURN(
                               std::string id,
                               ReadOperationName("name", request.name()));
                           ASSIGN_OR_RETURN(Operation::Progress progress,
                                            work_.operations.Get(id));
                           return ToProto(progress);
                         });
}

void AdminApi::CancelOperation(ApiCall call, v1::CancelOperationRequest request,
                               Done<google::protobuf::Empty> done) {
  Operate<google::protobuf::Empty>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) -> absl::StatusOr<google::protobuf::Empty> {
        ASSIGN_OR_RETURN(std::string id,
                         ReadOperationName("name", request.name()));
        RETURN_IF_ERROR(work_.operations.Cancel(id));
        return google::protobuf::Empty();
      });
}

void AdminApi::ListMasterKeys(ApiCall call, v1::ListMasterKeysRequest,
                              Done<v1::ListMasterKeysResponse> done) {
  Operate<v1::ListMasterKeysResponse>(
      std::move(call), std::move(done),
      [this](const Caller&) -> absl::StatusOr<v1::ListMasterKeysResponse> {
        ASSIGN_OR_RETURN(std::vector<KeyRotation::KeyInfo> keys,
                         work_.rotation.ListKeys());
        v1::ListMasterKeysResponse response;
        for (const KeyRotation::KeyInfo& info : keys) {
          *response.add_keys() = ToProto(info);
        }
        if (std::any_of(keys.begin(), keys.end(),
                        [](const KeyRotation::KeyInfo& info) {
                          return !info.key.proof.empty();
                        })) {
          ASSIGN_OR_RETURN(NoteVerifier verifier,
                           work_.rotation.ProofVerifier());
          response.set_proof_verifier(verifier.ToString());
        }
        if (auto running = work_.operations.Running(); running.has_value()) {
          *response.mutable_operation() = ToProto(*running);
        }
        return response;
      });
}

void AdminApi::VerifyKeys(ApiCall call, v1::VerifyKeysRequest request,
                          Done<v1::Operation> done) {
  Operate<v1::Operation>(
      std::move(call), std::move(done),
      [this, depth = request.all_records() ? CensusDepth::kAllRecords
                                           : CensusDepth::kOneRecordEach](
          const Caller&) -> absl::StatusOr<v1::Operation> {
        ASSIGN_OR_RETURN(Operation::Progress progress,
                         work_.rotation.Verify(depth));
        return ToProto(progress);
      });
}

void AdminApi::DestroyMasterKey(ApiCall call,
                                v1::DestroyMasterKeyRequest request,
                                Done<v1::MasterKey> done) {
  Operate<v1::MasterKey>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) -> absl::StatusOr<v1::MasterKey> {
        RETURN_IF_ERROR(CheckRequestId(request.request_id()));
        ASSIGN_OR_RETURN(Kek key, work_.rotation.Destroy(request.generation(),
                                                         request.request_id()));
        return ToProto(key);
      });
}

void AdminApi::RevokeForIncident(ApiCall call,
                                 v1::RevokeForIncidentRequest request,
                                 Done<v1::Operation> done) {
  Operate<v1::Operation>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) -> absl::StatusOr<v1::Operation> {
        ASSIGN_OR_RETURN(IncidentScope scope, ReadScope(request));
        RETURN_IF_ERROR(CheckRequestId(request.request_id()));
        if (request.validate_only()) {
          Operation::Progress preview;
          preview.done = true;
          preview.phase = Operation::Phase::kRevoking;
          ASSIGN_OR_RETURN(preview.rows_total, work_.incident.Count(scope));
          return ToProto(preview);
        }
        ASSIGN_OR_RETURN(Operation::Progress progress,
                         work_.incident.Revoke(scope, request.request_id()));
        return ToProto(progress);
      });
}

void AdminApi::EraseUser(ApiCall call, v1::EraseUserRequest request,
                         Done<v1::Operation> done) {
  Operate<v1::Operation>(std::move(call), std::move(done),
                         [this, request = std::move(request)](
                             const Caller&) -> absl::StatusOr<v1::Operation> {
                           ASSIGN_OR_RETURN(
                               Operation::Progress progress,
                               tokenvault::EraseUser(work_.erasure, request));
                           // Also what was learnt from their own tokens.
                           if (!request.validate_only())
                             gate_.authenticator().Forget();
                           return ToProto(progress);
                         });
}

void AdminApi::RotateDataKeys(ApiCall call, v1::RotateDataKeysRequest request,
                              Done<v1::Operation> done) {
  Operate<v1::Operation>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller& caller) -> absl::StatusOr<v1::Operation> {
        ASSIGN_OR_RETURN(
            Operation::Progress progress,
            tokenvault::RotateDataKeys(work_.data_keys, work_.erasure,
                                       *caller.directory, request));
        return ToProto(progress);
      });
}

// ------------------------------------------------------------------- backups
// --

void AdminApi::CreateBackup(ApiCall call, v1::CreateBackupRequest request,
                            Done<v1::Operation> done) {
  Operate<v1::Operation>(std::move(call), std::move(done),
                         [this, request = std::move(request)](const Caller&) {
                           return tokenvault::CreateBackup(work_.backups,
                                                           request);
                         });
}

void AdminApi::VerifyBackup(ApiCall call, v1::VerifyBackupRequest request,
                            Done<v1::Operation> done) {
  Operate<v1::Operation>(std::move(call), std::move(done),
                         [this, request = std::move(request)](const Caller&) {
                           return tokenvault::VerifyBackup(work_.backups,
                                                           request);
                         });
}

void AdminApi::ListBackups(ApiCall call, v1::ListBackupsRequest,
                           Done<v1::ListBackupsResponse> done) {
  Operate<v1::ListBackupsResponse>(
      std::move(call), std::move(done),
      [this](const Caller&) { return tokenvault::ListBackups(work_.backups); });
}

void AdminApi::ForgetBackup(ApiCall call, v1::ForgetBackupRequest request,
                            Done<google::protobuf::Empty> done) {
  Operate<google::protobuf::Empty>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller&) {
        return tokenvault::ForgetBackup(work_.backups, request);
      });
}

// ------------------------------------------------------------- configuration
// --

void AdminApi::ReloadConfig(ApiCall call, v1::ReloadConfigRequest request,
                            Done<v1::ReloadConfigResponse> done) {
  Operate<v1::ReloadConfigResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller&) -> absl::StatusOr<v1::ReloadConfigResponse> {
        ASSIGN_OR_RETURN(ConfigReload::Outcome outcome,
                         reload_.Reload(request.validate_only(), "operator"));
        v1::ReloadConfigResponse response;
        response.set_config_generation(outcome.generation);
        for (std::string& key : outcome.needs_restart) {
          response.add_needs_restart(std::move(key));
        }
        for (std::string& warning : outcome.warnings) {
          response.add_warnings(std::move(warning));
        }
        return response;
      });
}

void AdminApi::GetConfig(ApiCall call, v1::GetConfigRequest,
                         Done<v1::GetConfigResponse> done) {
  Operate<v1::GetConfigResponse>(
      std::move(call), std::move(done),
      [this](const Caller&) -> absl::StatusOr<v1::GetConfigResponse> {
        Config config = reload_.config();
        v1::GetConfigResponse response;
        response.set_config_generation(config.generation);
        for (ConfigValueShown& shown : config.effective) {
          v1::ConfigValue* value = response.add_values();
          value->set_key(std::move(shown.key));
          value->set_value(std::move(shown.value));
          value->set_origin(std::move(shown.origin));
        }
        return response;
      });
}

void AdminApi::ListProviders(ApiCall call, v1::ListProvidersRequest request,
                             Done<v1::ListProvidersResponse> done) {
  Operate<v1::ListProvidersResponse>(
      std::move(call), std::move(done),
      [request = std::move(request)](
          const Caller& caller) -> absl::StatusOr<v1::ListProvidersResponse> {
        const Directory& directory = *caller.directory;
        v1::ListProvidersResponse response;
        ASSIGN_OR_RETURN(
            std::string next,
            ReadPage(directory.providers, request.page_size(),
                     request.page_token(), [&](const Provider& provider) {
                       *response.add_providers() = ToProto(
                           provider, RedirectUris(directory, provider.id));
                     }));
        response.set_next_page_token(next);
        return response;
      });
}

void AdminApi::TestProvider(ApiCall call, v1::TestProviderRequest request,
                            Done<v1::TestProviderResponse> done) {
  Operate<v1::TestProviderResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return Test(providers_, *caller.directory, request, gate_.Now());
      });
}

void AdminApi::CaptureFixture(ApiCall call, v1::CaptureFixtureRequest request,
                              Done<v1::CaptureFixtureResponse> done) {
  Operate<v1::CaptureFixtureResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return Capture(providers_, gate_.clock(), *caller.directory, request);
      });
}

void AdminApi::ListAgents(ApiCall call, v1::ListAgentsRequest request,
                          Done<v1::ListAgentsResponse> done) {
  Operate<v1::ListAgentsResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller& caller) -> absl::StatusOr<v1::ListAgentsResponse> {
        v1::ListAgentsResponse response;
        ASSIGN_OR_RETURN(
            std::string next,
            ReadPage(caller.directory->agents, request.page_size(),
                     request.page_token(), [&](const Agent& agent) {
                       v1::Agent& shown = *response.add_agents();
                       shown = ToProto(agent);
                       shown.set_disabled(work_.stops.Holds(
                           StopKind::kAgent, agent.tenant, agent.id.value));
                     }));
        response.set_next_page_token(next);
        return response;
      });
}

void AdminApi::EvaluatePolicy(ApiCall call, v1::EvaluatePolicyRequest request,
                              Done<v1::EvaluatePolicyResponse> done) {
  Operate<v1::EvaluatePolicyResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return tokenvault::EvaluatePolicy(*caller.directory, work_.erasure,
                                          store_, gate_.Now(), request);
      });
}

void AdminApi::ListPolicies(ApiCall call, v1::ListPoliciesRequest request,
                            Done<v1::ListPoliciesResponse> done) {
  Operate<v1::ListPoliciesResponse>(
      std::move(call), std::move(done),
      [request = std::move(request)](const Caller& caller) {
        return tokenvault::ListPolicies(*caller.directory, request);
      });
}

// --------------------------------------------------------------------- audit
// --

void AdminApi::ListAuditEvents(ApiCall call, v1::ListAuditEventsRequest request,
                               Done<v1::ListAuditEventsResponse> done) {
  Operate<v1::ListAuditEventsResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller&) {
        return ReadAudit(request);
      });
}

absl::StatusOr<v1::ListAuditEventsResponse> AdminApi::ReadAudit(
    const v1::ListAuditEventsRequest& request) {
  ASSIGN_OR_RETURN(int size, ReadPageSize(request.page_size()));
  ASSIGN_OR_RETURN(std::string position, ReadPageToken(request.page_token()));
  ASSIGN_OR_RETURN(AuditFilter filter,
                   ReadAuditFilter(work_.erasure, request.filter()));
  if (!position.empty() &&
      !absl::SimpleAtoi(position, &filter.after_sequence)) {
    return errors::FieldInvalid("page_token",
                                "must come from a previous answer");
  }
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> newest,
                   store_.ListLastAuditEntries(AuditFilter(), 1));
  const uint64_t end = newest.empty() ? 0 : newest.front().sequence;
  // No call looks at all of a long log.
  uint64_t looked_at = end;
  if (!request.from_end()) {
    looked_at = std::min(end, filter.after_sequence + kLeavesLookedAt);
    filter.last_sequence = looked_at;
  }
  ASSIGN_OR_RETURN(std::vector<AuditEntry> entries,
                   request.from_end()
                       ? store_.ListLastAuditEntries(filter, size)
                       : store_.ListAuditEntries(filter, size));
  // Those that fit: the first, or from the end the last.
  std::vector<v1::AuditEvent> events;
  size_t bytes = 0;
  if (request.from_end()) std::reverse(entries.begin(), entries.end());
  for (const AuditEntry& entry : entries) {
    v1::AuditEvent event = ToProto(entry);
    bytes += event.ByteSizeLong();
    if (bytes > kMostAuditBytes && !events.empty()) break;
    events.push_back(std::move(event));
  }
  const bool is_full = entries.size() == static_cast<size_t>(size) ||
                       events.size() < entries.size();
  if (is_full && !events.empty()) {
    looked_at = request.from_end() ? entries.front().sequence
                                   : entries[events.size() - 1].sequence;
  }
  if (request.from_end()) std::reverse(events.begin(), events.end());
  v1::ListAuditEventsResponse response;
  for (v1::AuditEvent& event : events) {
    *response.add_events() = std::move(event);
  }
  looked_at = std::max(looked_at, filter.after_sequence);
  response.set_looked_at(static_cast<int64_t>(looked_at));
  response.set_newest(static_cast<int64_t>(std::max(end, looked_at)));
  response.set_next_page_token(MakePageToken(absl::StrCat(looked_at)));
  return response;
}

void AdminApi::GetAuditLog(ApiCall call, v1::GetAuditLogRequest,
                           Done<v1::AuditLog> done) {
  Operate<v1::AuditLog>(
      std::move(call), std::move(done),
      [this](const Caller&) { return tokenvault::GetAuditLog(audit_); });
}

void AdminApi::VerifyAuditLog(ApiCall call, v1::VerifyAuditLogRequest request,
                              Done<v1::VerifyAuditLogResponse> done) {
  Operate<v1::VerifyAuditLogResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller&) {
        return tokenvault::VerifyAuditLog(audit_, request);
      });
}

void AdminApi::ProveAuditEvent(ApiCall call, v1::ProveAuditEventRequest request,
                               Done<v1::AuditProof> done) {
  Operate<v1::AuditProof>(std::move(call), std::move(done),
                          [this, request = std::move(request)](const Caller&) {
                            return tokenvault::ProveAuditEvent(audit_, request);
                          });
}

void AdminApi::ExportAuditLog(ApiCall call, v1::ExportAuditLogRequest request,
                              Done<v1::ExportAuditLogResponse> done) {
  Operate<v1::ExportAuditLogResponse>(
      std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller&) {
        return tokenvault::ExportAuditLog(audit_, request);
      });
}

void AdminApi::ArchiveAuditLog(ApiCall call, v1::ArchiveAuditLogRequest request,
                               Done<v1::Operation> done) {
  Operate<v1::Operation>(std::move(call), std::move(done),
                         [this, request = std::move(request)](const Caller&) {
                           return tokenvault::ArchiveAuditLog(audit_, request);
                         });
}

}  // namespace tokenvault
