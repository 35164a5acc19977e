#include "tests/cli/fake_daemon.h"

#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "crypto/signed_note.h"
#include "google/rpc/status.pb.h"
#include "vault/rotation_proof.h"

namespace tokenvault {
namespace {

constexpr int64_t kRows = 1204;

// Signs what FakeProof says: the same note each time.
const NoteVerifier& FakeVerifier() {
  static const auto* const kVerifier = new NoteVerifier(
      *NoteVerifier::Parse("PeterNeumann+c74f20a3+"
                           "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
  return *kVerifier;
}

std::string FakeProof() {
  RotationProof proof;
  proof.deployment_id = std::string(16, 'd');
  proof.key_version = 5;
  proof.data_keys = kRows;
  proof.records = 1198;
  proof.root = std::string(32, 'r');
  proof.time = absl::FromUnixSeconds(1'800'000'000);
  std::string seed;
  absl::Base64Unescape("gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=", &seed);
  return *SignNote(proof.ToText(), FakeVerifier(), Secret(std::move(seed)));
}

google::protobuf::Timestamp Ago(absl::Duration length) {
  google::protobuf::Timestamp time;
  time.set_seconds(absl::ToUnixSeconds(absl::Now() - length));
  return time;
}

v1::Stop StopOf(const std::string& what) {
  v1::Stop stop;
  stop.set_what(what);
  stop.set_why("it got out");
  *stop.mutable_create_time() = Ago(absl::Minutes(5));
  return stop;
}

grpc::Status ToGrpc(const absl::Status& status) {
  google::rpc::Status detailed;
  detailed.set_code(static_cast<int>(status.code()));
  detailed.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    auto* detail = detailed.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()),
                      detailed.SerializeAsString());
}

v1::Provider Google() {
  v1::Provider provider;
  provider.set_name("providers/google");
  provider.set_display_name("Google");
  provider.set_preset("google");
  provider.set_narrows_scope(true);
  provider.set_enabled(true);
  provider.set_source("https://developers.google.com/identity");
  provider.set_verified_on("2026-11-20");
  provider.set_tier("p0");
  provider.set_narrowing("refresh_scope");
  provider.set_rotation("none");
  provider.set_expires_source("response");
  provider.mutable_default_lifetime()->set_seconds(3600);
  provider.mutable_refresh_inactivity()->set_seconds(180 * 86400);
  provider.set_revocation_manual_url(
      "https://myaccount.google.com/connections");
  auto* fact = provider.add_facts();
  fact->add_fields("authorize_url");
  fact->add_fields("token_url");
  fact->set_source("https://developers.google.com/identity");
  fact->set_verified_on("2026-11-20");
  provider.set_authorize_url("https://accounts.google.com/o/oauth2/v2/auth");
  provider.set_token_url("https://oauth2.googleapis.com/token");
  provider.set_revocation("rfc7009");
  provider.set_redirect_uri("https://connect.example.com/cb/7f3a");
  auto* scope = provider.add_scopes();
  scope->set_alias("calendar.read");
  scope->set_value("https://www.googleapis.com/auth/calendar.readonly");
  scope->set_sentence("See events on your calendars");
  return provider;
}

v1::Provider Jira() {
  v1::Provider provider;
  provider.set_name("providers/acme-jira");
  provider.set_display_name("Acme Jira");
  provider.set_rotates_refresh_token(true);
  provider.set_tier("p0");
  provider.set_narrowing("none");
  provider.set_rotation("single_use");
  provider.set_expires_source("never");
  provider.set_revocation("none");
  auto* fact = provider.add_facts();
  fact->add_fields("token_url");
  fact->set_source("from experience");
  provider.set_refresh_invalidates_access_token(true);
  return provider;
}

v1::Connection AnasConnection(bool hostile) {
  v1::Connection connection;
  connection.set_name("users/u-4k3v/connections/01jd9");
  connection.set_provider("providers/google");
  connection.set_account_label(hostile ? "ana\x1b[2J\x1b]0;pwned\x07 \u202Emoc"
                                       : "ana@example.com");
  connection.set_state(v1::Connection::STATE_ACTIVE);
  connection.add_granted_scopes("calendar.readonly");
  auto* agent = connection.add_agents();
  agent->set_agent("agents/calendar-bot");
  agent->add_scopes("calendar.readonly");
  *agent->mutable_last_use_time() = Ago(absl::Minutes(3));
  *connection.mutable_create_time() = Ago(absl::Hours(24 * 40));
  *connection.mutable_last_use_time() = Ago(absl::Minutes(3));
  *connection.mutable_last_refresh_time() = Ago(absl::Minutes(20));
  connection.set_etag("7");
  return connection;
}

v1::Connection BrokenConnection() {
  v1::Connection connection;
  connection.set_name("users/u-9q2x/connections/01je1");
  connection.set_provider("providers/acme-jira");
  connection.set_account_label("ben@example.com");
  connection.set_state(v1::Connection::STATE_NEEDS_RECONNECT);
  connection.set_state_reason("GRANT_GONE");
  *connection.mutable_create_time() = Ago(absl::Hours(24 * 3));
  return connection;
}

v1::AuditEvent Event(int number, const char* action, const char* outcome,
                     const char* reason) {
  v1::AuditEvent event;
  event.set_name("auditEvents/" + std::to_string(number));
  *event.mutable_time() = Ago(absl::Seconds(100 - number));
  event.set_actor("agents/calendar-bot");
  event.set_user("users/u-4k3v");
  event.set_action(action);
  event.set_outcome(outcome);
  event.set_reason(reason);
  event.set_provider("google");
  if (event.reason().empty()) {
    event.set_connection("users/u-4k3v/connections/01jd9");
    event.set_token_id("t_5c1");
  }
  return event;
}

}  // namespace

class FakeDaemon::Admin : public v1::AdminService::Service {
 public:
  explicit Admin(FakeDaemon& daemon) : daemon_(daemon) {}

  grpc::Status GetStatus(grpc::ServerContext*,
                         const v1::GetStatusRequest* request,
                         v1::Status* status) override {
    const FakeDaemonState& state = daemon_.state_;
    status->set_initialized(state.initialized);
    status->set_sealed(state.sealed);
    status->set_version("0.1.0");
    *status->mutable_start_time() = Ago(absl::Hours(3));
    status->set_seal("file");
    status->set_config_generation("sha256:9f2c41");
    *status->mutable_config_load_time() = Ago(absl::Hours(3));
    status->set_storage(state.demo ? ":memory:"
                                   : "/var/lib/tokenvault/vault.db");
    status->set_storage_bytes(190840832);
    status->set_dev_mode(state.demo);
    status->set_grpc_address(state.demo ? daemon_.agent_address()
                                        : "10.0.0.7:8443");
    status->set_public_url(state.demo ? state.pages_url
                                      : "https://connect.example.com");
    if (request->deep()) {
      status->set_integrity(state.damaged ? "STORAGE_CORRUPT" : "ok");
    }
    if (state.locked) {
      for (const char* what :
           {"vault", "agents/calendar-bot", "providers/google", "users/u-7"}) {
        *status->add_stops() = StopOf(what);
      }
    }
    if (!state.initialized || state.sealed) return grpc::Status::OK;
    status->set_key_generation(4);
    *status->mutable_key_create_time() = Ago(absl::Hours(24 * 12 + 1));
    status->set_active_connections(1204);
    status->set_reconnect_connections(17);
    status->set_paused_connections(3);
    status->set_audit_events(48211);
    status->set_providers(2);
    if (state.failing_provider) {
      auto* failing = status->add_failing_providers();
      failing->set_name("providers/acme-jira");
      failing->set_problem("invalid_client");
      *failing->mutable_since_time() = Ago(absl::Minutes(5));
    }
    return grpc::Status::OK;
  }

  grpc::Status RotateMasterKey(grpc::ServerContext*,
                               const v1::RotateMasterKeyRequest* request,
                               v1::Operation* operation) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    MutexLock lock(daemon_.mutex_);
    if (request->rewrap_only()) {
      operation->set_name("operations/1");
      operation->set_key_generation(4);
      operation->set_done(true);
      return grpc::Status::OK;
    }
    if (!request->validate_only()) daemon_.rotation_polls_ = 0;
    Fill(operation);
    return grpc::Status::OK;
  }

  grpc::Status GetOperation(grpc::ServerContext*,
                            const v1::GetOperationRequest*,
                            v1::Operation* operation) override {
    MutexLock lock(daemon_.mutex_);
    if (!daemon_.state_.rotation_hangs) ++daemon_.rotation_polls_;
    Fill(operation);
    return grpc::Status::OK;
  }

  grpc::Status CancelOperation(grpc::ServerContext*,
                               const v1::CancelOperationRequest*,
                               google::protobuf::Empty*) override {
    MutexLock lock(daemon_.mutex_);
    daemon_.cancelled_ = true;
    return grpc::Status::OK;
  }

  grpc::Status ListMasterKeys(grpc::ServerContext*,
                              const v1::ListMasterKeysRequest*,
                              v1::ListMasterKeysResponse* keys) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    MutexLock lock(daemon_.mutex_);
    const bool rotated = daemon_.rotation_polls_ >= 2;
    if (daemon_.state_.rotating) {
      v1::Operation& running = *keys->mutable_operation();
      running.set_name("operations/1");
      running.set_phase(v1::Operation::PHASE_REWRAPPING);
      running.set_rows_done(602);
      running.set_rows_total(kRows);
    }
    auto* key = keys->add_keys();
    key->set_generation(4);
    key->set_state(rotated ? v1::MasterKey::STATE_RETIRED
                           : v1::MasterKey::STATE_ACTIVE);
    key->set_data_keys(rotated ? 0 : kRows);
    key->add_root_sources("file");
    *key->mutable_create_time() = Ago(absl::Hours(24 * 12 + 1));
    if (rotated) {
      key = keys->add_keys();
      key->set_generation(5);
      key->set_state(v1::MasterKey::STATE_ACTIVE);
      key->set_data_keys(kRows);
      key->add_root_sources("file");
      *key->mutable_create_time() = Ago(absl::Minutes(1));
      *key->mutable_prove_time() = Ago(absl::Seconds(1));
      key->set_proof(FakeProof());
      keys->set_proof_verifier(FakeVerifier().ToString());
    }
    return grpc::Status::OK;
  }

  grpc::Status VerifyKeys(grpc::ServerContext*,
                          const v1::VerifyKeysRequest* request,
                          v1::Operation* operation) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    operation->set_name("operations/2");
    operation->set_done(true);
    operation->set_phase(v1::Operation::PHASE_VERIFYING);
    operation->set_rows_done(kRows);
    operation->set_rows_total(kRows);
    operation->set_data_keys_opened(kRows);
    operation->set_records_opened(request->all_records() ? 1431 : 1198);
    if (daemon_.state_.damaged) {
      operation->set_error_reason("SEAL_BROKEN");
      operation->set_broken_count(2);
      operation->add_broken("connections/01jd8");
      operation->add_broken(daemon_.state_.hostile ? "users/\x1b[2J"
                                                   : "data key of users/u-7");
    }
    return grpc::Status::OK;
  }

  grpc::Status DestroyMasterKey(grpc::ServerContext*,
                                const v1::DestroyMasterKeyRequest* request,
                                v1::MasterKey* key) override {
    if (request->generation() != 4) {
      return ToGrpc(errors::KeyInUse(request->generation(),
                                     "it is not retired: rotate first"));
    }
    key->set_generation(4);
    key->set_state(v1::MasterKey::STATE_DESTROYED);
    return grpc::Status::OK;
  }

  grpc::Status Seal(grpc::ServerContext* context, const v1::SealRequest*,
                    v1::Status* status) override {
    daemon_.state_.sealed = true;
    v1::GetStatusRequest request;
    grpc::Status told = GetStatus(context, &request, status);
    status->set_keys_in_memory(daemon_.state_.damaged ? 1 : 0);
    return told;
  }

  grpc::Status Unseal(grpc::ServerContext* context,
                      const v1::UnsealRequest* request,
                      v1::Status* status) override {
    if (daemon_.state_.sealed) {
      if (request->passphrase().empty()) {
        return ToGrpc(errors::RootSourceClosed(
            "nobody has given the passphrase of recovery"));
      }
      if (request->passphrase() != "correct horse") {
        return ToGrpc(errors::RootKeyInvalid("wrong passphrase or key file"));
      }
      daemon_.state_.sealed = false;
    }
    v1::GetStatusRequest asked;
    grpc::Status told = GetStatus(context, &asked, status);
    status->set_seal(request->source().empty() ? "file" : "recovery");
    return told;
  }

  grpc::Status ListRootSources(grpc::ServerContext*,
                               const v1::ListRootSourcesRequest*,
                               v1::ListRootSourcesResponse* sources) override {
    v1::RootSource* file = sources->add_sources();
    file->set_name("rootSources/file");
    file->set_type("file");
    *file->mutable_create_time() = Ago(absl::Hours(24 * 12 + 1));
    file->add_generations(3);
    file->add_generations(4);
    file->set_opens(true);
    v1::RootSource* typed = sources->add_sources();
    typed->set_name("rootSources/recovery");
    typed->set_type("passphrase");
    *typed->mutable_create_time() = Ago(absl::Hours(1));
    typed->add_generations(4);
    typed->set_closed_reason("ROOT_SOURCE_CLOSED");
    typed->set_closed_message(
        "the root source is closed: nobody has given the passphrase of "
        "recovery");
    v1::RootSource* token = sources->add_sources();
    token->set_name("rootSources/hsm");
    token->set_type("pkcs11");
    token->set_closed_reason("ROOT_SOURCE_CLOSED");
    return grpc::Status::OK;
  }

  grpc::Status AddRootSource(grpc::ServerContext*,
                             const v1::AddRootSourceRequest* request,
                             v1::RootSource* source) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    if (request->name() == "rootSources/file" && !request->renew()) {
      return ToGrpc(errors::AlreadyExists("root source"));
    }
    source->set_name(request->name());
    source->add_generations(4);
    source->set_opens(true);
    return grpc::Status::OK;
  }

  grpc::Status RemoveRootSource(grpc::ServerContext*,
                                const v1::RemoveRootSourceRequest* request,
                                google::protobuf::Empty*) override {
    if (request->name() == "rootSources/file") {
      return ToGrpc(
          errors::RootSourceNeeded("file", "no other source opens now"));
    }
    return grpc::Status::OK;
  }

  grpc::Status EraseUser(grpc::ServerContext*,
                         const v1::EraseUserRequest* request,
                         v1::Operation* operation) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    operation->set_name("operations/5");
    operation->set_done(true);
    operation->set_phase(request->validate_only()
                             ? v1::Operation::PHASE_ERASING
                             : v1::Operation::PHASE_SCRUBBING);
    operation->set_rows_total(1);
    operation->set_rows_done(1);
    if (request->user_id() == "nobody") return grpc::Status::OK;
    v1::Erased& erased = *operation->mutable_erased();
    erased.set_people(1);
    erased.set_connections(3);
    erased.set_agent_grants(1);
    erased.set_interactions(2);
    if (request->validate_only()) return grpc::Status::OK;
    v1::Revocations& counts = *operation->mutable_revocations();
    counts.set_ended(3);
    counts.set_confirmed(3);
    if (request->user() == "users/u-7") {
      counts.set_confirmed(1);
      counts.set_pending(1);
      counts.set_unsupported(1);
      counts.add_by_hand(
          "users/u-7/connections/01jd8 at providers/strava: "
          "https://strava.example/apps");
    }
    if (daemon_.state_.damaged) operation->set_error_reason("STORAGE_BUSY");
    return grpc::Status::OK;
  }

  grpc::Status RotateDataKeys(grpc::ServerContext*,
                              const v1::RotateDataKeysRequest* request,
                              v1::Operation* operation) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    if (request->tenant() == "elsewhere") {
      return ToGrpc(errors::ResourceDenied("tenants/elsewhere"));
    }
    const int64_t keys = request->tenant().empty() ? 1 : 4001;
    operation->set_name("operations/6");
    operation->set_done(true);
    operation->set_phase(v1::Operation::PHASE_RESEALING);
    operation->set_rows_total(keys);
    if (request->validate_only()) return grpc::Status::OK;
    operation->set_rows_done(keys);
    operation->mutable_resealed()->set_data_keys(keys);
    operation->mutable_resealed()->set_records(2 * keys);
    if (request->user_id() == "busy") {
      operation->mutable_resealed()->set_data_keys(0);
      operation->mutable_resealed()->set_records(0);
      operation->mutable_resealed()->add_left_over("users/u-9");
    }
    if (daemon_.state_.damaged) {
      operation->mutable_resealed()->set_data_keys(keys - 1);
      operation->set_broken_count(1);
      operation->add_broken("users/u-7");
      operation->set_error_reason("SEAL_BROKEN");
    }
    return grpc::Status::OK;
  }

  grpc::Status CreateBackup(grpc::ServerContext*,
                            const v1::CreateBackupRequest* request,
                            v1::Operation* operation) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    FillBackup(request->path(), operation);
    if (daemon_.state_.damaged) {
      operation->set_broken_count(1);
      operation->add_broken("connections/01jd8");
    }
    if (daemon_.state_.rotation_fails) {
      operation->clear_backup();
      operation->set_error_reason("STORAGE_FULL");
      operation->set_problem("the disk is full; nothing was written");
    }
    return grpc::Status::OK;
  }

  grpc::Status VerifyBackup(grpc::ServerContext*,
                            const v1::VerifyBackupRequest* request,
                            v1::Operation* operation) override {
    FillBackup(request->path(), operation);
    if (daemon_.state_.damaged) {
      operation->clear_backup();
      operation->set_error_reason("BACKUP_BROKEN");
      operation->set_problem(std::string(
          errors::BackupBroken("not all of it is there").message()));
    }
    return grpc::Status::OK;
  }

  grpc::Status ListBackups(grpc::ServerContext*, const v1::ListBackupsRequest*,
                           v1::ListBackupsResponse* response) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    v1::Operation operation;
    FillBackup(daemon_.state_.hostile ? "/backups/\x1b[2J" : "/backups/monday",
               &operation);
    *response->add_backups() = operation.backup();
    v1::Backup& older = *response->add_backups();
    older = operation.backup();
    older.set_name("backups/01jc0");
    older.set_lowest_key_generation(3);
    older.clear_verify_time();
    *older.mutable_create_time() = Ago(absl::Hours(24 * 8 + 1));
    return grpc::Status::OK;
  }

  grpc::Status ForgetBackup(grpc::ServerContext*,
                            const v1::ForgetBackupRequest* request,
                            google::protobuf::Empty*) override {
    return request->name() == "backups/01jd8"
               ? grpc::Status::OK
               : ToGrpc(errors::ResourceDenied(request->name()));
  }

  grpc::Status StopIssuance(grpc::ServerContext*,
                            const v1::StopIssuanceRequest* request,
                            v1::StopIssuanceResponse* response) override {
    if (daemon_.state_.stops_unwritten) {
      return ToGrpc(errors::AuditUnavailable());
    }
    if (request->what() == "agents/nobody") {
      return ToGrpc(errors::ResourceDenied(request->what()));
    }
    *response->mutable_stop() =
        StopOf(request->what().empty() ? "users/u-7" : request->what());
    response->mutable_stop()->set_why(request->why());
    response->set_already_stopped(daemon_.state_.locked);
    return grpc::Status::OK;
  }

  grpc::Status ResumeIssuance(grpc::ServerContext*,
                              const v1::ResumeIssuanceRequest* request,
                              google::protobuf::Empty*) override {
    return request->what() == "providers/nowhere"
               ? ToGrpc(errors::ResourceDenied(request->what()))
               : grpc::Status::OK;
  }

  grpc::Status ListStops(grpc::ServerContext*, const v1::ListStopsRequest*,
                         v1::ListStopsResponse* response) override {
    if (!daemon_.state_.locked) return grpc::Status::OK;
    for (const char* what :
         {"vault", "agents/calendar-bot", "users/u-7/connections/01jd8"}) {
      *response->add_stops() = StopOf(what);
    }
    response->mutable_stops(1)->set_why("");
    return grpc::Status::OK;
  }

  grpc::Status ListLiveTokens(grpc::ServerContext*,
                              const v1::ListLiveTokensRequest* request,
                              v1::ListLiveTokensResponse* response) override {
    response->set_complete(!daemon_.state_.long_log);
    if (daemon_.state_.long_log) {
      *response->mutable_since_time() = Ago(absl::Minutes(20));
    }
    if (request->what() == "providers/google") return grpc::Status::OK;
    response->set_count(request->what() == "vault" ? 214 : 2);
    v1::LiveToken& first = *response->add_tokens();
    first.set_agent("agents/calendar-bot");
    first.set_tenant("default");
    first.set_provider("providers/google");
    first.set_connection("users/u-7/connections/01jd8");
    first.set_account_label(daemon_.state_.hostile ? "ana\x1b[2J@example.com"
                                                   : "ana@example.com");
    first.add_scopes("calendar.read");
    first.add_scopes("calendar.write");
    first.set_token_id("t-4k3v");
    *first.mutable_expire_time() = Ago(-absl::Minutes(58));
    *response->mutable_last_expire_time() = first.expire_time();
    v1::LiveToken& second = *response->add_tokens();
    second = first;
    second.clear_account_label();
    second.clear_connection();
    second.set_token_id("t-8m2c");
    if (daemon_.state_.long_log) {
      second.clear_expire_time();
      response->clear_last_expire_time();
    }
    return grpc::Status::OK;
  }

  grpc::Status RevokeForIncident(grpc::ServerContext*,
                                 const v1::RevokeForIncidentRequest* request,
                                 v1::Operation* operation) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    const bool some = !request->provider().empty() ||
                      !request->agent().empty() || !request->user().empty();
    if (some == request->all()) {
      return ToGrpc(errors::FieldInvalid("all", "is given alone"));
    }
    operation->set_name("operations/3");
    operation->set_done(true);
    operation->set_phase(v1::Operation::PHASE_REVOKING);
    operation->set_rows_total(17);
    if (request->validate_only()) return grpc::Status::OK;
    operation->set_rows_done(17);
    v1::Revocations& counts = *operation->mutable_revocations();
    counts.set_ended(17);
    counts.set_confirmed(17);
    if (request->all()) {
      counts.set_confirmed(12);
      counts.set_pending(2);
      counts.set_unsupported(2);
      counts.set_failed(1);
      counts.add_by_hand(
          "users/u-7/connections/01jd8 at providers/strava: "
          "https://strava.example/apps\x1b[2J");
    }
    if (daemon_.state_.damaged) {
      counts.set_ended(15);
      operation->set_error_reason("STORAGE_FULL");
    }
    return grpc::Status::OK;
  }

  grpc::Status ReloadConfig(grpc::ServerContext*,
                            const v1::ReloadConfigRequest*,
                            v1::ReloadConfigResponse* response) override {
    if (daemon_.state_.bad_config) {
      return ToGrpc(errors::ConfigInvalid("tokenvault.toml:12:1",
                                          "unknown key \"tokns\"; write "
                                          "\"tokens\""));
    }
    response->set_config_generation("sha256:77aa01");
    response->add_needs_restart("server.grpc_listen");
    response->add_warnings("provider acme-jira is not used by any policy");
    return grpc::Status::OK;
  }

  grpc::Status GetConfig(grpc::ServerContext*, const v1::GetConfigRequest*,
                         v1::GetConfigResponse* response) override {
    response->set_config_generation("sha256:9f2c41");
    auto* value = response->add_values();
    value->set_key("server.grpc_listen");
    value->set_value("\"10.0.0.7:8443\"");
    value->set_origin("tokenvault.toml:3:1");
    value = response->add_values();
    value->set_key("providers.google.client_secret_file");
    value->set_value("***");
    value->set_origin("tokenvault.toml:22:1");
    return grpc::Status::OK;
  }

  grpc::Status ListProviders(grpc::ServerContext*,
                             const v1::ListProvidersRequest* request,
                             v1::ListProvidersResponse* response) override {
    if (daemon_.state_.demo) {
      auto* demo = response->add_providers();
      demo->set_name("providers/demo");
      demo->set_display_name("Demo Calendar");
      demo->set_authorize_url(daemon_.state_.provider_url + "/authorize");
      auto* slack = response->add_providers();
      slack->set_name("providers/demo-slack");
      slack->set_display_name("Demo Slack");
      slack->set_authorize_url(daemon_.state_.provider_url +
                               "/demo-slack/authorize");
      slack->add_scopes()->set_alias("channels.read");
      return grpc::Status::OK;
    }
    // Two pages, so that whoever lists must turn them.
    if (request->page_token().empty()) {
      *response->add_providers() = Google();
      response->set_next_page_token("second");
    } else {
      *response->add_providers() = Jira();
    }
    return grpc::Status::OK;
  }

  grpc::Status TestProvider(grpc::ServerContext*,
                            const v1::TestProviderRequest* request,
                            v1::TestProviderResponse* response) override {
    if (request->name() != "providers/google" &&
        request->name() != "providers/acme-jira") {
      return ToGrpc(errors::ResourceDenied(request->name()));
    }
    const bool good = request->name() == "providers/google";
    auto* check = response->add_checks();
    check->set_id("discovery");
    check->set_ok(true);
    check->set_detail("auth.example.com, certificate valid 61 days");
    check = response->add_checks();
    check->set_id("clock");
    check->set_skipped(true);
    check->set_detail("the provider sends no Date");
    check = response->add_checks();
    check->set_id("client_secret");
    check->set_ok(good);
    check->set_detail(good ? "accepted" : "invalid_client");
    if (!good) {
      check->set_fix(
          "put the new one in cred:jira-client, then 'tokenvault config "
          "reload'");
    }
    return grpc::Status::OK;
  }

  grpc::Status CaptureFixture(grpc::ServerContext*,
                              const v1::CaptureFixtureRequest* request,
                              v1::CaptureFixtureResponse* response) override {
    if (request->name() != "providers/acme-jira") {
      return ToGrpc(errors::ResourceDenied(request->name()));
    }
    response->set_provider(request->name());
    response->set_preset("atlassian");
    *response->mutable_capture_time() = Ago(absl::Seconds(1));
    auto* exchange = response->add_exchanges();
    exchange->set_id("refresh");
    exchange->set_method("POST");
    exchange->set_url("https://auth.atlassian.com/oauth/token");
    exchange->set_status(403);
    auto* header = exchange->add_headers();
    header->set_name("cache-control");
    header->set_value("no-store");
    exchange->set_content_type("application/json");
    exchange->set_body(
        R"({"error":"unauthorized_client","error_description":"<string 43>"})");
    exchange = response->add_exchanges();
    exchange->set_id("revocation");
    exchange->set_problem("the preset knows no way to revoke");
    return grpc::Status::OK;
  }

  grpc::Status ListAgents(grpc::ServerContext*, const v1::ListAgentsRequest*,
                          v1::ListAgentsResponse* response) override {
    auto* agent = response->add_agents();
    agent->set_name("agents/calendar-bot");
    agent->set_display_name("Calendar Bot");
    agent->set_owner("Productivity team");
    agent->set_tenant("default");
    agent->set_identity("spiffe://example.com/agents/calendar-bot");
    agent->set_may_assert_user(true);
    agent->set_disabled(daemon_.state_.locked);
    agent->add_return_uris("https://bot.example.com/back");
    return grpc::Status::OK;
  }

  grpc::Status EvaluatePolicy(grpc::ServerContext*,
                              const v1::EvaluatePolicyRequest* request,
                              v1::EvaluatePolicyResponse* response) override {
    if (request->agent() != "agents/calendar-bot") {
      return ToGrpc(errors::ResourceDenied(request->agent()));
    }
    const bool reads = request->request().scopes(0) == "calendar.read";
    auto add = [&](const char* rule, v1::PolicyEffect effect, bool matched,
                   const char* why) {
      v1::PolicyVerdict& verdict = *response->add_rules();
      verdict.set_rule(rule);
      verdict.set_effect(effect);
      verdict.set_matched(matched);
      verdict.set_why(why);
    };
    if (request->request().scopes(0) == "drive") {
      response->set_effect(v1::EvaluatePolicyResponse::EFFECT_DENY);
      add("calendar-read", v1::POLICY_EFFECT_ALLOW, false,
          "scopes: drive not in [calendar.read]");
      return grpc::Status::OK;
    }
    add("calendar-read", v1::POLICY_EFFECT_ALLOW, reads,
        reads ? "agent, provider, scopes"
              : "scopes: calendar.write not in [calendar.read]");
    add("calendar-write-asks", v1::POLICY_EFFECT_REQUIRE_APPROVAL, !reads,
        reads ? "scopes: calendar.read not in [calendar.write]"
              : "agent, provider, scopes");
    response->set_rule(reads ? "calendar-read" : "calendar-write-asks");
    if (reads) {
      response->set_effect(v1::EvaluatePolicyResponse::EFFECT_ALLOW);
      v1::PolicyBudget& budget = *response->add_budgets();
      budget.set_rule("calendar-read");
      budget.set_tokens(100);
      budget.mutable_per()->set_seconds(3600);
      budget.set_of(request->request().subject().user_id().empty() ? "person"
                                                                   : "agent");
      budget.mutable_window_end_time()->set_seconds(1'795'878'000);
      if (budget.of() == "agent") budget.set_left(97);
      return grpc::Status::OK;
    }
    response->set_effect(v1::EvaluatePolicyResponse::EFFECT_REQUIRE_APPROVAL);
    v1::ApprovalTerms& terms = *response->mutable_approval();
    terms.mutable_expires()->set_seconds(300);
    terms.add_reach("once");
    terms.add_reach("task");
    // What was asked shows in what is answered.
    if (request->has_groups()) {
      terms.set_four_eyes(true);
      for (const std::string& name : request->groups().names()) {
        terms.add_approver_groups(name);
      }
      terms.add_approvers(request->address());
    }
    response->mutable_max_lifetime()->set_seconds(3600);
    response->set_lifetime_rule("calendar-write-asks");
    response->set_decision_point(request->has_time());
    return grpc::Status::OK;
  }

  grpc::Status ListPolicies(grpc::ServerContext*,
                            const v1::ListPoliciesRequest*,
                            v1::ListPoliciesResponse* response) override {
    v1::PolicyRule& read = *response->add_policies();
    read.set_name("policies/calendar-read");
    read.set_effect(v1::POLICY_EFFECT_ALLOW);
    read.set_agent("agents/calendar-bot");
    read.set_provider("providers/google");
    read.add_scopes("https://www.googleapis.com/auth/calendar.readonly");
    read.mutable_max_lifetime()->set_seconds(3600);
    read.mutable_budget()->set_tokens(100);
    read.mutable_budget()->mutable_per()->set_seconds(3600);
    read.mutable_budget()->set_of("agent");
    v1::PolicyRule& night = *response->add_policies();
    night.set_name("policies/no-nights");
    night.set_effect(v1::POLICY_EFFECT_DENY);
    night.add_scopes("*");
    night.add_groups("finance");
    night.set_hours("22:00-06:00 Europe/Berlin");
    return grpc::Status::OK;
  }

  grpc::Status ListAuditEvents(grpc::ServerContext*,
                               const v1::ListAuditEventsRequest* request,
                               v1::ListAuditEventsResponse* response) override {
    response->set_next_page_token("end");
    response->set_looked_at(42);
    response->set_newest(42);
    if (request->filter() == "action = nonsense") {
      return ToGrpc(errors::FieldInvalid("filter", "is not understood"));
    }
    if (request->page_token() == "end") return grpc::Status::OK;
    *response->add_events() = Event(41, "token.granted", "ok", "");
    *response->add_events() =
        Event(42, "token.denied", "denied", "POLICY_DENIED");
    return grpc::Status::OK;
  }

  grpc::Status GetAuditLog(grpc::ServerContext*, const v1::GetAuditLogRequest*,
                           v1::AuditLog* log) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    log->set_origin("tokenvault-6f1a2b3c");
    log->set_key(
        "tokenvault-6f1a2b3c+09c12008+ARb9kXrBZkMjFnX6ZLYzDyHh1KQ9jNo");
    log->set_size(48'211);
    log->set_checkpoint_size(48'000);
    *log->mutable_checkpoint_time() = Ago(absl::Seconds(8));
    v1::Witness& nas = *log->add_witnesses();
    nas.set_name("witnesses/nas");
    nas.set_place("/mnt/witness");
    nas.set_checkpoint_size(48'000);
    *nas.mutable_checkpoint_time() = Ago(absl::Seconds(7));
    if (daemon_.state_.damaged) {
      v1::Witness& notary = *log->add_witnesses();
      notary.set_name("witnesses/notary");
      notary.set_place("https://witness.example.com");
      notary.set_problem("PROVIDER_UNREACHABLE");
    }
    FillArchive(log->add_archives());
    return grpc::Status::OK;
  }

  grpc::Status VerifyAuditLog(grpc::ServerContext*,
                              const v1::VerifyAuditLogRequest*,
                              v1::VerifyAuditLogResponse* response) override {
    v1::Operation& operation = *response->mutable_operation();
    operation.set_name("operations/5");
    operation.set_phase(v1::Operation::PHASE_CHECKING_LOG);
    operation.set_done(true);
    operation.set_rows_total(48'211);
    operation.set_rows_done(48'211);
    operation.set_checkpoints_checked(51);
    if (daemon_.state_.damaged) {
      operation.set_error_reason("AUDIT_LOG_BROKEN");
      operation.set_broken_count(1);
      operation.add_broken("auditEvents/4711 is not what it was");
    }
    return grpc::Status::OK;
  }

  grpc::Status ProveAuditEvent(grpc::ServerContext*,
                               const v1::ProveAuditEventRequest* request,
                               v1::AuditProof* proof) override {
    if (request->name() != "auditEvents/41") {
      return ToGrpc(errors::ResourceDenied(request->name()));
    }
    proof->set_proof("c2sp.org/tlog-proof@v1\nindex 40\n\na checkpoint\n");
    return grpc::Status::OK;
  }

  grpc::Status ExportAuditLog(grpc::ServerContext*,
                              const v1::ExportAuditLogRequest* request,
                              v1::ExportAuditLogResponse* piece) override {
    const bool first = request->page_token().empty();
    piece->set_text(first ? "the header\n" : "the leaves\n");
    piece->set_leaves_total(2);
    piece->set_leaves_done(first ? 1 : 2);
    piece->set_from("auditEvents/41");
    piece->set_to("auditEvents/42");
    if (first) piece->set_next_page_token("second");
    return grpc::Status::OK;
  }

  grpc::Status ArchiveAuditLog(grpc::ServerContext*,
                               const v1::ArchiveAuditLogRequest*,
                               v1::Operation* operation) override {
    operation->set_name("operations/6");
    operation->set_phase(v1::Operation::PHASE_ARCHIVING);
    operation->set_done(true);
    if (daemon_.state_.rotation_fails) {
      operation->set_error_reason("STORAGE_FULL");
      operation->set_problem("the disk is full; nothing was written");
    } else if (!daemon_.state_.damaged) {
      FillArchive(operation->mutable_archive());
    }
    return grpc::Status::OK;
  }

 private:
  static void FillArchive(v1::AuditArchive* archive) {
    archive->set_first("auditEvents/1");
    archive->set_last("auditEvents/30000");
    archive->set_location("/archive/tokenvault-6f1a2b3c.1-30000.jsonl");
  }

  static void FillBackup(const std::string& path, v1::Operation* operation) {
    operation->set_name("operations/4");
    operation->set_done(true);
    operation->set_data_keys_opened(kRows);
    operation->set_records_opened(1431);
    v1::Backup& backup = *operation->mutable_backup();
    backup.set_name("backups/01jd8");
    backup.set_location(path);
    backup.set_lowest_key_generation(4);
    backup.set_highest_key_generation(4);
    *backup.mutable_create_time() = Ago(absl::Hours(6));
    *backup.mutable_verify_time() = Ago(absl::Minutes(3));
  }

  void Fill(v1::Operation* operation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(daemon_.mutex_) {
    const int polls = daemon_.rotation_polls_;
    operation->set_name("operations/1");
    operation->set_key_generation(5);
    operation->set_rows_total(kRows);
    operation->set_rows_done(polls <= 0 ? 0 : polls == 1 ? 602 : kRows);
    operation->set_done(polls >= 2);
    if (daemon_.state_.rotation_fails && polls >= 1) {
      operation->set_rows_done(602);
      operation->set_done(true);
      operation->set_error_reason("STORAGE_FULL");
    } else if (operation->done()) {
      operation->set_phase(v1::Operation::PHASE_PROVING);
      operation->set_data_keys_rewrapped(kRows);
      operation->set_data_keys_opened(kRows);
      operation->set_records_opened(1198);
      operation->set_audit_event("auditEvents/43");
    } else if (polls >= 0) {
      operation->set_phase(v1::Operation::PHASE_REWRAPPING);
    }
  }

  FakeDaemon& daemon_;
};

class FakeDaemon::Connections : public v1::ConnectionService::Service {
 public:
  explicit Connections(FakeDaemon& daemon) : daemon_(daemon) {}

  grpc::Status GetConnection(grpc::ServerContext*,
                             const v1::GetConnectionRequest* request,
                             v1::Connection* connection) override {
    *connection = AnasConnection(daemon_.state_.hostile);
    return connection->name() == request->name()
               ? grpc::Status::OK
               : ToGrpc(errors::ResourceDenied(request->name()));
  }

  grpc::Status ListConnections(grpc::ServerContext*,
                               const v1::ListConnectionsRequest* request,
                               v1::ListConnectionsResponse* response) override {
    if (daemon_.state_.sealed) return ToGrpc(errors::VaultSealed());
    MutexLock lock(daemon_.mutex_);
    daemon_.last_list_ = *request;
    if (request->filter() == "user_id = \"nobody\"") return grpc::Status::OK;
    *response->add_connections() = AnasConnection(daemon_.state_.hostile);
    *response->add_connections() = BrokenConnection();
    return grpc::Status::OK;
  }

  grpc::Status UpdateConnection(grpc::ServerContext*,
                                const v1::UpdateConnectionRequest* request,
                                v1::Connection* connection) override {
    *connection = AnasConnection(false);
    if (connection->name() != request->connection().name()) {
      return ToGrpc(errors::ResourceDenied(request->connection().name()));
    }
    connection->set_paused(request->connection().paused());
    return grpc::Status::OK;
  }

  grpc::Status RevokeConnection(
      grpc::ServerContext*, const v1::RevokeConnectionRequest* request,
      v1::RevokeConnectionResponse* response) override {
    *response->mutable_connection() = AnasConnection(false);
    if (request->name() == "users/u-9q2x/connections/01je1") {
      response->set_upstream(
          v1::RevokeConnectionResponse::UPSTREAM_RESULT_UNSUPPORTED);
      response->set_manual_url("https://id.example.com/apps");
      return grpc::Status::OK;
    }
    if (!daemon_.state_.demo &&
        request->name() != response->connection().name()) {
      return ToGrpc(errors::ResourceDenied(request->name()));
    }
    response->set_upstream(
        v1::RevokeConnectionResponse::UPSTREAM_RESULT_REVOKED);
    return grpc::Status::OK;
  }

 private:
  FakeDaemon& daemon_;
};

class FakeDaemon::Tokens : public v1::TokenService::Service {
 public:
  explicit Tokens(FakeDaemon& daemon) : daemon_(daemon) {}

  grpc::Status GetScopedToken(grpc::ServerContext* context,
                              const v1::GetScopedTokenRequest* request,
                              v1::GetScopedTokenResponse* response) override {
    const auto sent = context->client_metadata().find("authorization");
    const bool known =
        sent != context->client_metadata().end() &&
        (sent->second == "Bearer demo-agent" || sent->second == "Bearer a.jwt");
    if (!known) return ToGrpc(errors::AgentCredentialInvalid("unknown_agent"));
    if (request->scopes(0) == "calendar.write") {
      return ToGrpc(errors::PolicyDenied("calendar-write-never"));
    }
    if (request->scopes(0) == "calender.read") {
      return ToGrpc(
          errors::ScopeUnknown("google", "calender.read", "calendar.read"));
    }
    MutexLock lock(daemon_.mutex_);
    const std::string user = request->subject().user_id();
    const bool must_ask =
        user == "ben" || user == "cleo" || daemon_.state_.demo;
    if (must_ask && !daemon_.completed_) {
      FillInteraction(user, v1::Interaction::STATE_PENDING,
                      response->mutable_consent_required());
      return grpc::Status::OK;
    }
    auto* token = response->mutable_token();
    token->set_access_token("ya29.the-token-itself");
    token->set_token_type("Bearer");
    token->set_token_id("t_5c1");
    *token->mutable_expire_time() = Ago(-absl::Seconds(599));
    token->mutable_usable_for()->set_seconds(599);
    token->add_granted_scopes("calendar.read");
    token->set_scope_enforcement(v1::SCOPE_ENFORCEMENT_PROVIDER);
    token->set_connection("users/u-4k3v/connections/01jd9");
    token->set_account_label("ana@example.com");
    return grpc::Status::OK;
  }

  grpc::Status WaitInteraction(grpc::ServerContext*,
                               const v1::WaitInteractionRequest* request,
                               v1::Interaction* interaction) override {
    MutexLock lock(daemon_.mutex_);
    const bool is_cleo = request->name() == "interactions/cleo";
    if (!is_cleo && !daemon_.state_.demo) daemon_.completed_ = true;
    FillInteraction(is_cleo ? "cleo" : "ben",
                    is_cleo              ? v1::Interaction::STATE_DENIED
                    : daemon_.completed_ ? v1::Interaction::STATE_COMPLETED
                                         : v1::Interaction::STATE_PENDING,
                    interaction);
    return grpc::Status::OK;
  }

 private:
  void FillInteraction(const std::string& user, v1::Interaction::State state,
                       v1::Interaction* interaction) {
    interaction->set_name("interactions/" + user);
    interaction->set_kind(v1::Interaction::KIND_CONSENT);
    interaction->set_state(state);
    interaction->set_url(daemon_.state_.demo
                             ? daemon_.state_.pages_url + "/c/7Q4M"
                             : "https://connect.example.com/c/7Q4M");
    interaction->set_user_code("7Q4M-2KXP");
    interaction->set_message("Somebody needs to connect Google.");
    // Half a minute more than what is shown, so that it rounds down to it.
    *interaction->mutable_expire_time() = Ago(-absl::Seconds(3600 + 30));
  }

  FakeDaemon& daemon_;
};

FakeDaemon::FakeDaemon(const std::string& folder, FakeDaemonState state)
    : folder_(folder),
      state_(std::move(state)),
      admin_(std::make_unique<Admin>(*this)),
      connections_(std::make_unique<Connections>(*this)),
      tokens_(std::make_unique<Tokens>(*this)) {
  grpc::ServerBuilder admin;
  admin.AddListeningPort("unix:" + admin_socket(),
                         grpc::InsecureServerCredentials());
  admin.RegisterService(admin_.get());
  admin.RegisterService(connections_.get());
  admin_server_ = admin.BuildAndStart();
  grpc::ServerBuilder agent;
  agent.AddListeningPort(agent_address(), grpc::InsecureServerCredentials());
  agent.RegisterService(tokens_.get());
  agent_server_ = agent.BuildAndStart();
}

FakeDaemon::~FakeDaemon() {
  const auto now = std::chrono::system_clock::now();
  admin_server_->Shutdown(now);
  agent_server_->Shutdown(now);
}

v1::ListConnectionsRequest FakeDaemon::last_list() {
  MutexLock lock(mutex_);
  return last_list_;
}

bool FakeDaemon::operation_cancelled() {
  MutexLock lock(mutex_);
  return cancelled_;
}

void FakeDaemon::CompleteInteraction() {
  MutexLock lock(mutex_);
  completed_ = true;
}

}  // namespace tokenvault
