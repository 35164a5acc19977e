#include "server/assembly.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/secret_arena.h"
#include "oauth/address_guard.h"
#include "oauth/curl_http_client.h"
#include "oauth/smtp_client.h"
#include "oauth/url.h"
#include "server/admin_service.h"
#include "server/approval_service.h"
#include "server/authenticator.h"
#include "server/call_gate.h"
#include "server/config_reload.h"
#include "server/connection_service.h"
#include "server/csp_reports.h"
#include "server/deadline_timer.h"
#include "server/grpc_server.h"
#include "server/json_door.h"
#include "server/listener_address.h"
#include "server/metrics.h"
#include "server/readiness.h"
#include "server/token_service.h"
#include "server/version.h"
#include "server/web_ops.h"
#include "server/web_pages.h"
#include "storage/open_store.h"
#include "storage/replace_vault.h"
#include "vault/activity.h"
#include "vault/audit_archiver.h"
#include "vault/audit_check.h"
#include "vault/audit_exporter.h"
#include "vault/audit_tree.h"
#include "vault/backups.h"
#include "vault/broker.h"
#include "vault/checkpoints.h"
#include "vault/connection_admin.h"
#include "vault/consent_flow.h"
#include "vault/init_vault.h"
#include "vault/interactions.h"
#include "vault/keep_alive.h"
#include "vault/key_keeper.h"
#include "vault/key_rotation.h"
#include "vault/notices.h"
#include "vault/provider_access.h"
#include "vault/refresher.h"
#include "vault/restored_tokens.h"
#include "vault/root_source_admin.h"
#include "vault/root_sources.h"
#include "vault/seal_switch.h"
#include "vault/sign_in.h"
#include "vault/stops.h"
#include "vault/token_cache.h"
#include "vault/token_rejections.h"
#include "vault/upkeep.h"
#include "vault/upstream_revocations.h"
#include "vault/witnesses.h"
#include "vault/worker_pool.h"

namespace tokenvault {
namespace {

// Locked memory for keys: the master keys, and a minute's worth of people.
constexpr size_t kArenaBytes = size_t{1} << 20;
constexpr size_t kMaxCachedTokens = 100'000;

constexpr char kTokenService[] = "tokenvault.v1.TokenService";
constexpr char kConnectionService[] = "tokenvault.v1.ConnectionService";
constexpr char kApprovalService[] = "tokenvault.v1.ApprovalService";
constexpr char kAdminService[] = "tokenvault.v1.AdminService";

bool IsInMemory(const Config& config) {
  return config.dev && config.storage.path == ":memory:";
}

absl::StatusOr<std::unique_ptr<Store>> OpenVaultStore(const Config& config) {
  StoreOptions options;
  options.path = config.storage.path;
  options.create = IsInMemory(config);
  return OpenStore(options);
}

// A store in memory is new each time, so it gets a key that nobody keeps.
absl::Status InitInMemory(Store& store, SecretArena& arena,
                          const RootSourceSettings& root, absl::Time now) {
  ASSIGN_OR_RETURN(NewRoot made, MakeRoot(arena, root, Secret(), now));
  return InitVault(store, arena, made.key, made.source, now);
}

bool IsTyped(const RootSourceSettings& source) {
  return source.kind == "passphrase" && source.passphrase_file.empty();
}

// Whether somebody can still open the vault once it runs: a person who types,
// or who brings a token back.
bool WaitsForSomebody(const std::vector<RootSourceSettings>& sources) {
  return std::any_of(sources.begin(), sources.end(),
                     [](const RootSourceSettings& source) {
                       return source.kind == "pkcs11" || IsTyped(source);
                     });
}

absl::StatusOr<EgressRules> MakeEgressRules(const EgressSettings& settings) {
  EgressRules rules;
  rules.allow_http_loopback = settings.allow_http_loopback;
  rules.ca_file = settings.ca_file;
  rules.timeout = settings.timeout;
  for (const std::string& range : settings.allow) {
    ASSIGN_OR_RETURN(Cidr cidr, Cidr::Parse(range));
    rules.allow.push_back(std::move(cidr));
  }
  return rules;
}

// The mode of this folder is what guards the admin socket: on some systems that
// of the socket itself does not count.
absl::Status GuardAdminFolder(const std::string& listen) {
  std::optional<ListenerAddress> address = ParseListenerAddress(listen);
  if (!address.has_value() || !address->is_unix()) {
    return errors::ConfigInvalid("server.admin_listen", "must be unix:/path");
  }
  const std::string& path = address->unix_path;
  const std::string folder = path.substr(0, path.rfind('/'));
  mkdir(folder.c_str(), 0700);  // there already: what it is, is looked at next
  struct stat info;
  if (stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return errors::ConfigInvalid("server.admin_listen",
                                 "the folder of the socket does not exist");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return errors::ConfigInvalid(
        "server.admin_listen",
        "others may enter the folder of the socket; run chmod 0700 on it");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> AllowedHosts(
    const ServerSettings& server) {
  // Probes and collectors of this machine call it by these names, which no
  // stranger's DNS can point at us.
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "[::1]"};
  ASSIGN_OR_RETURN(Url url, ParseUrl(server.public_url));
  hosts.push_back(absl::StrContains(url.host, ':')
                      ? absl::StrCat("[", url.host, "]")
                      : url.host);
  return hosts;
}

}  // namespace

// Members are in the order in which they are built, and go in the reverse one.
// What has threads of its own is stopped by hand before that, see Stop().
class Assembly::Impl {
 public:
  Impl(const Clock& clock, Parts parts)
      : clock_(clock),
        config_(std::move(parts.config)),
        sources_(std::move(parts.sources)),
        dev_key_file_(std::move(parts.dev_key_file)),
        ask_passphrase_(std::move(parts.ask_passphrase)),
        accept_rollback_(parts.accept_rollback),
        start_time_(clock.Now()),
        web_handler_(parts.web_handler.value_or(LateHandler())),
        web_(std::move(parts.web)) {}

  absl::Status Start() {
    SetLogLevel(LevelOf(config_.server));
    RETURN_IF_ERROR(OpenVault());
    RETURN_IF_ERROR(BuildVault());
    RETURN_IF_ERROR(Unseal());
    BuildApi();
    RETURN_IF_ERROR(StartServers());
    RETURN_IF_ERROR(Audit(audit_kind::kVaultStarted));
    checkpoints_->Keep();
    witnesses_->PublishBeside();
    started_ = true;
    readiness_ = std::make_unique<Readiness>(
        clock_, *store_, *seal_,
        IsInMemory(config_) ? "" : config_.storage.path, [this](bool ready) {
          agents_->SetServing(ready);
          admin_->SetServing(ready);
        });
    OpenWeb();
    upkeep_->Start();
    notifier_->Start();
    return absl::OkStatus();
  }

  void Stop(absl::Duration grace) {
    if (stopped_) return;
    stopped_ = true;
    const absl::Time until = absl::Now() + grace;
    auto left = [until] {
      return std::max(until - absl::Now(), absl::ZeroDuration());
    };
    // From the outside in: no new calls, then the work of the old ones, then
    // the last leaf, behind which no other can come.
    if (agents_ != nullptr) agents_->SetServing(false);
    if (tokens_ != nullptr) tokens_->EndWaits();
    if (agents_ != nullptr) agents_->Stop(left());
    if (web_ != nullptr) web_->Stop(left());
    if (admin_ != nullptr) admin_->Stop(left());
    web_handler_.Clear();
    readiness_.reset();
    timer_.reset();
    upkeep_.reset();
    pool_.reset();
    // Who asks on the pool wakes it.
    notifier_.reset();
    operations_.reset();
    if (started_) {
      absl::Status written = Audit(audit_kind::kVaultStopped);
      if (!written.ok()) {
        Log(LogLevel::kError, "audit.unavailable",
            "the last leaf of the audit log was not written");
      }
      checkpoints_->Make().status().IgnoreError();
      witnesses_->PublishBeside();
    }
  }

  void Reload() {
    absl::StatusOr<ConfigReload::Outcome> outcome =
        reload_->Reload(/*validate_only=*/false, "signal");
    if (!outcome.ok()) {
      Log(LogLevel::kError, "config.refused", outcome.status().message(),
          {{LogKey::kReason, ReasonOf(outcome.status())}});
      return;
    }
    Log(LogLevel::kInfo, "config.reloaded", "the configuration was read again");
    for (const std::string& key : outcome->needs_restart) {
      Log(LogLevel::kWarning, "config.needs_restart",
          absl::StrCat(key, " changed and takes effect after a restart"));
    }
  }

  Addresses addresses;

 private:
  absl::Status OpenVault() {
    ASSIGN_OR_RETURN(arena_, SecretArena::Create(kArenaBytes));
    ASSIGN_OR_RETURN(store_, OpenVaultStore(config_));
    if (IsInMemory(config_)) {
      RootSourceSettings root;
      root.id = "file";
      root.kind = "file";
      root.key_file.path = dev_key_file_;
      RETURN_IF_ERROR(InitInMemory(*store_, *arena_, root, start_time_));
      config_.root_sources = {std::move(root)};
    } else if (config_.root_sources.empty()) {
      return errors::ConfigInvalid(
          "seal.type", "a vault on disk needs [seal] type and key_file");
    }
    ASSIGN_OR_RETURN(keys_, KeyKeeper::Create(*store_, *arena_, clock_));
    roots_ =
        std::make_unique<RootSources>(*store_, *arena_, config_.root_sources);
    return absl::OkStatus();
  }

  // At each opening, before anything of the database is believed.
  absl::Status CheckPast() {
    RETURN_IF_ERROR(checkpoints_->CatchUp());
    absl::Status checked = witnesses_->Check();
    if (!HasReason(checked, "DATABASE_ROLLED_BACK") || !accept_rollback_) {
      return checked;
    }
    Log(LogLevel::kWarning, "rollback.accepted",
        absl::StrCat("an older database is served because --accept-rollback "
                     "says so: ",
                     checked.message()));
    AuditEvent event;
    event.kind = audit_kind::kRollbackAccepted;
    event.actor = "operator";
    event.detail = MetadataOf(checked, "problem");
    ASSIGN_OR_RETURN(
        RestoredTokens settled,
        SettleRestoredTokens(*store_, /*newer=*/nullptr, /*since=*/0,
                             *config_.directory, /*trusted=*/false, event,
                             WriteBatch(), clock_.Now()));
    Log(LogLevel::kWarning, "rollback.settled",
        absl::StrCat(settled.stale, " connections must be reconnected, ",
                     settled.good, " go on"));
    ASSIGN_OR_RETURN(const AuditCheckpoint checkpoint, checkpoints_->Make());
    return witnesses_->Accept(checkpoint);
  }

  // Serves sealed when a person can still change that; else says why it cannot.
  absl::Status Unseal() {
    SealSwitch::Hooks hooks;
    hooks.checked = [this] { return CheckPast(); };
    hooks.opened = [this] { return refresher_->Recover(*directory_->Get()); };
    hooks.closed = [this] {
      cache_->InvalidateAll();
      broker_->ForgetAnswers();
    };
    hooks.turned = [this] {
      if (readiness_ != nullptr) readiness_->Check();
    };
    seal_ =
        std::make_unique<SealSwitch>(clock_, *store_, *arena_, *keys_, *roots_,
                                     *operations_, std::move(hooks));
    absl::Status opened = seal_->Open();
    if (!opened.ok() && !HasReason(opened, "DATABASE_ROLLED_BACK")) {
      opened = OpenByPassphrase(std::move(opened));
    }
    if (opened.ok() || HasReason(opened, "DATABASE_ROLLED_BACK") ||
        !WaitsForSomebody(config_.root_sources))
      return opened;
    Log(LogLevel::kWarning, "sealed",
        "the vault is sealed until somebody runs 'tokenvault unseal'",
        {{LogKey::kReason, ReasonOf(opened)}});
    return absl::OkStatus();
  }

  // `closed` when nobody is there to be asked.
  absl::Status OpenByPassphrase(absl::Status closed) {
    const auto typed = std::find_if(config_.root_sources.begin(),
                                    config_.root_sources.end(), IsTyped);
    if (typed == config_.root_sources.end() || ask_passphrase_ == nullptr) {
      return closed;
    }
    ASSIGN_OR_RETURN(Secret passphrase, ask_passphrase_());
    RETURN_IF_ERROR(roots_->Unlock(typed->id, passphrase));
    return seal_->Open();
  }

  absl::Status BuildVault() {
    ASSIGN_OR_RETURN(EgressRules rules, MakeEgressRules(config_.egress));
    smtp_ = std::make_unique<SmtpClient>(config_.notices.email.server, rules);
    http_ = std::make_unique<CurlHttpClient>(std::move(rules));
    directory_ = std::make_unique<DirectoryHolder>(config_.directory);
    providers_ = std::make_unique<ProviderAccess>(*http_, clock_);
    cache_ = std::make_unique<TokenCache>(kMaxCachedTokens);
    stops_ = std::make_unique<Stops>(clock_, *store_);
    RETURN_IF_ERROR(stops_->Load());
    interactions_ = std::make_unique<Interactions>(*store_, *keys_);
    std::unique_ptr<LandingFile> landing;
    if (!IsInMemory(config_)) {
      ASSIGN_OR_RETURN(landing, LandingFile::Open(absl::StrCat(
                                    config_.storage.path, kLandingSuffix)));
    }
    refresher_ = std::make_unique<Refresher>(
        clock_, *store_, *keys_, *providers_, *cache_, std::move(landing));
    sign_in_ = std::make_unique<SignIn>(clock_, *store_, *keys_, *providers_);
    consent_ = std::make_unique<ConsentFlow>(
        clock_, *store_, *keys_, *providers_, *interactions_, *cache_, *stops_);
    revocations_ = std::make_unique<UpstreamRevocations>(clock_, *store_,
                                                         *keys_, *providers_);
    connection_admin_ = std::make_unique<ConnectionAdmin>(
        clock_, *store_, *revocations_, *cache_);
    signer_ = std::make_unique<NoteSigner>(clock_, *store_, *keys_);
    tree_ = std::make_unique<AuditTree>(*store_);
    checkpoints_ =
        std::make_unique<Checkpoints>(clock_, *store_, *signer_, *tree_);
    witnesses_ = std::make_unique<Witnesses>(
        clock_, *store_, *signer_, *tree_, *http_, config_.audit.witnesses,
        IsInMemory(config_)
            ? ""
            : absl::StrCat(config_.storage.path, kCheckpointSuffix));
    operations_ = std::make_unique<Operations>(clock_);
    exporter_ = std::make_unique<AuditExporter>(*store_, *signer_, *tree_,
                                                *checkpoints_);
    audit_check_ = std::make_unique<AuditCheck>(
        *store_, *signer_, *tree_, *witnesses_, *exporter_, *operations_);
    archiver_ = std::make_unique<AuditArchiver>(
        clock_, *store_, *signer_, *tree_, *witnesses_, *exporter_,
        *operations_, config_.audit.archive_folder, config_.audit.keep);
    rotation_ = std::make_unique<KeyRotation>(clock_, *store_, *keys_, *roots_,
                                              *signer_, *operations_);
    source_admin_ = std::make_unique<RootSourceAdmin>(clock_, *store_, *keys_,
                                                      *roots_, *operations_);
    incident_ = std::make_unique<Incident>(clock_, *store_, *directory_,
                                           *connection_admin_, *operations_);
    backups_ = std::make_unique<Backups>(
        clock_, *store_, *keys_, *roots_, *operations_,
        IsInMemory(config_) ? "" : config_.storage.path);
    pool_ = std::make_unique<WorkerPool>(kWorkers, kMaxQueuedWork);
    approvals_ = std::make_unique<Approvals>(clock_, *store_, *keys_,
                                             *interactions_, *cache_);
    broker_ = std::make_unique<Broker>(clock_, *store_, *cache_, *stops_,
                                       *interactions_, *approvals_, *refresher_,
                                       *pool_, *http_);
    erasure_ = std::make_unique<Erasure>(
        clock_, *store_, *keys_, *directory_, *connection_admin_, *revocations_,
        *interactions_, *refresher_, *broker_, *cache_, *operations_);
    data_keys_ = std::make_unique<DataKeyRotation>(clock_, *store_, *keys_,
                                                   *broker_, *operations_);
    rejections_ = std::make_unique<TokenRejections>(clock_, *store_, *cache_);
    keep_alive_ = std::make_unique<KeepAlive>(clock_, *store_, *broker_);
    notifier_ = std::make_unique<Notifier>(
        clock_, *store_, *directory_, *interactions_, *http_,
        config_.notices.webhook, config_.notices.email,
        [this](const Mail& mail) { return smtp_->Send(mail); });
    approvals_->TellBy({notifier_->tells_by_webhook(),
                        notifier_->tells_by_email(),
                        [this] { notifier_->Wake(); }});
    return absl::OkStatus();
  }

  void BuildApi() {
    upkeep_ = std::make_unique<Upkeep>(
        clock_, *directory_, *seal_, *cache_, *refresher_, *revocations_,
        *keep_alive_, *broker_, *pool_,
        Upkeep::LogWork{*checkpoints_, *witnesses_, *archiver_});
    authenticator_ =
        std::make_unique<Authenticator>(*directory_, *http_, clock_);
    timer_ = std::make_unique<DeadlineTimer>(clock_);
    gate_ = std::make_unique<CallGate>(clock_, *authenticator_, *seal_, *store_,
                                       *pool_, *timer_, metrics_);
    reload_ = std::make_unique<ConfigReload>(clock_, *store_, *directory_,
                                             metrics_, sources_, config_);
    tokens_ = std::make_unique<TokenApi>(*gate_, *broker_, *interactions_,
                                         *rejections_, *keys_);
    connections_ = std::make_unique<ConnectionApi>(
        *gate_, *connection_admin_, *interactions_, *consent_, *keys_);
    approval_api_ = std::make_unique<ApprovalApi>(*gate_, *approvals_, *keys_);
    token_service_ = std::make_unique<TokenService>(*tokens_);
    approval_service_ = std::make_unique<ApprovalService>(*approval_api_);
    agent_connections_ =
        std::make_unique<ConnectionService>(*connections_, GrpcDoor::kAgents);
    admin_connections_ =
        std::make_unique<ConnectionService>(*connections_, GrpcDoor::kAdmin);
  }

  absl::Status StartServers() {
    const ServerSettings& server = config_.server;
    GrpcServer::Options agents;
    agents.listen = server.grpc_listen;
    agents.tls_cert_file = server.grpc_tls_cert_file;
    agents.tls_key_file = server.grpc_tls_key_file;
    agents.client_ca_file = server.grpc_client_ca_file;
    agents.dev = config_.dev;
    agents.reflection = server.reflection;
    ASSIGN_OR_RETURN(
        agents_, GrpcServer::Start(
                     agents, {{token_service_.get(), kTokenService},
                              {agent_connections_.get(), kConnectionService},
                              {approval_service_.get(), kApprovalService}}));
    addresses.grpc = agents_->address();

    AdminApi::Facts facts;
    facts.version = Version();
    facts.grpc_address = addresses.grpc;
    facts.public_url = server.public_url;
    facts.start_time = start_time_;
    admin_api_ = std::make_unique<AdminApi>(
        *gate_, *store_,
        AdminApi::KeyWork{*operations_, *rotation_, *incident_, *seal_,
                          *source_admin_, *erasure_, *data_keys_, *backups_,
                          *stops_},
        AuditWork{*store_, *signer_, *tree_, *witnesses_, *exporter_,
                  *audit_check_, *archiver_},
        *providers_, *refresher_, *reload_, facts);
    admin_service_ = std::make_unique<AdminService>(*admin_api_);
    RETURN_IF_ERROR(GuardAdminFolder(server.admin_listen));
    GrpcServer::Options admin;
    admin.listen = server.admin_listen;
    admin.reflection = server.reflection;
    admin.socket_mode = 0600;
    ASSIGN_OR_RETURN(
        admin_, GrpcServer::Start(
                    admin, {{admin_service_.get(), kAdminService},
                            {admin_connections_.get(), kConnectionService}}));
    addresses.admin = admin_->address();
    return StartWeb();
  }

  absl::Status StartWeb() {
    const ServerSettings& server = config_.server;
    if (web_ == nullptr) {
      WebServer::Options options;
      options.listen = server.http_listen;
      options.tls_cert_file = server.http_tls_cert_file;
      options.tls_key_file = server.http_tls_key_file;
      options.client_ca_file = server.http_client_ca_file;
      ASSIGN_OR_RETURN(options.allowed_hosts, AllowedHosts(server));
      ASSIGN_OR_RETURN(
          web_, WebServer::Start(std::move(options), web_handler_.AsHandler()));
    }
    const std::string address = web_->address();
    if (absl::StartsWith(address, "unix:")) {
      addresses.http = address;
    } else {
      addresses.http = absl::StrCat(
          server.http_tls_cert_file.empty() ? "http://" : "https://", address);
    }
    return absl::OkStatus();
  }

  // Everything is there: requests may come in.
  void OpenWeb() {
    json_ = std::make_unique<JsonDoor>(clock_, *directory_, *tokens_,
                                       *connections_, *approval_api_);
    csp_reports_ = std::make_unique<CspReports>(clock_, metrics_);
    ops_ =
        std::make_unique<WebOps>(*directory_, *readiness_, *store_, *refresher_,
                                 *stops_, *notifier_, metrics_, *pool_);
    activity_ = std::make_unique<Activity>(clock_, *store_);
    pages_ = std::make_unique<WebPages>(
        WebParts{clock_, *sign_in_, *consent_, *connection_admin_, *activity_,
                 *interactions_, *approvals_, *seal_,
                 OperatorSources{*store_, *readiness_, metrics_, *refresher_,
                                 *stops_, *notifier_, *witnesses_, *operations_,
                                 start_time_}},
        *directory_, *pool_);
    web_handler_.Set([this](WebRequest request, WebRespond respond) {
      if (JsonDoor::Serves(request.path)) {
        json_->Handle(std::move(request), std::move(respond));
      } else if (WebOps::Serves(request.path)) {
        ops_->Handle(std::move(request), std::move(respond));
      } else if (CspReports::Serves(request.path)) {
        respond(csp_reports_->Handle(request));
      } else {
        pages_->Handle(std::move(request), std::move(respond));
      }
    });
  }

  absl::Status Audit(const char* kind) {
    AuditEvent event;
    event.kind = kind;
    event.actor = "vault";
    event.detail = absl::StrCat("version ", Version(), ", configuration ",
                                directory_->Get()->generation);
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    return store_->Commit(std::move(batch));
  }

  const Clock& clock_;
  Config config_;
  const std::optional<ConfigSources> sources_;
  const std::string dev_key_file_;
  absl::AnyInvocable<absl::StatusOr<Secret>()> ask_passphrase_;
  const bool accept_rollback_;
  const absl::Time start_time_;
  bool started_ = false;
  bool stopped_ = false;

  Metrics metrics_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<KeyKeeper> keys_;
  std::unique_ptr<RootSources> roots_;
  std::unique_ptr<SmtpClient> smtp_;
  std::unique_ptr<CurlHttpClient> http_;
  std::unique_ptr<DirectoryHolder> directory_;
  std::unique_ptr<ProviderAccess> providers_;
  std::unique_ptr<TokenCache> cache_;
  std::unique_ptr<Stops> stops_;
  std::unique_ptr<Interactions> interactions_;
  std::unique_ptr<Refresher> refresher_;
  std::unique_ptr<TokenRejections> rejections_;
  std::unique_ptr<SignIn> sign_in_;
  std::unique_ptr<ConsentFlow> consent_;
  std::unique_ptr<UpstreamRevocations> revocations_;
  std::unique_ptr<ConnectionAdmin> connection_admin_;
  std::unique_ptr<NoteSigner> signer_;
  std::unique_ptr<AuditTree> tree_;
  std::unique_ptr<Checkpoints> checkpoints_;
  std::unique_ptr<Witnesses> witnesses_;
  std::unique_ptr<KeyRotation> rotation_;
  std::unique_ptr<RootSourceAdmin> source_admin_;
  std::unique_ptr<Incident> incident_;
  std::unique_ptr<Backups> backups_;
  std::unique_ptr<WorkerPool> pool_;
  std::unique_ptr<Approvals> approvals_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<Erasure> erasure_;
  std::unique_ptr<DataKeyRotation> data_keys_;
  std::unique_ptr<Operations> operations_;  // ends before what it works with
  std::unique_ptr<AuditExporter> exporter_;
  std::unique_ptr<AuditCheck> audit_check_;
  std::unique_ptr<AuditArchiver> archiver_;
  std::unique_ptr<KeepAlive> keep_alive_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<SealSwitch> seal_;
  std::unique_ptr<Upkeep> upkeep_;

  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<DeadlineTimer> timer_;
  std::unique_ptr<CallGate> gate_;
  std::unique_ptr<ConfigReload> reload_;
  std::unique_ptr<TokenApi> tokens_;
  std::unique_ptr<ConnectionApi> connections_;
  std::unique_ptr<ApprovalApi> approval_api_;
  std::unique_ptr<AdminApi> admin_api_;
  std::unique_ptr<TokenService> token_service_;
  std::unique_ptr<ConnectionService> agent_connections_;
  std::unique_ptr<ConnectionService> admin_connections_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<ApprovalService> approval_service_;
  std::unique_ptr<Readiness> readiness_;
  std::unique_ptr<JsonDoor> json_;
  std::unique_ptr<WebOps> ops_;
  std::unique_ptr<CspReports> csp_reports_;
  std::unique_ptr<Activity> activity_;
  std::unique_ptr<WebPages> pages_;

  std::unique_ptr<GrpcServer> agents_;
  std::unique_ptr<GrpcServer> admin_;
  LateHandler web_handler_;
  std::unique_ptr<WebServer> web_;
};

Assembly::Assembly(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Assembly::~Assembly() { Stop(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<Assembly>> Assembly::Start(const Clock& clock,
                                                          Parts parts) {
  std::unique_ptr<Assembly> assembly(
      new Assembly(std::make_unique<Impl>(clock, std::move(parts))));
  RETURN_IF_ERROR(assembly->impl_->Start());
  return assembly;
}

const Assembly::Addresses& Assembly::addresses() const {
  return impl_->addresses;
}
void Assembly::Reload() { impl_->Reload(); }
void Assembly::Stop(absl::Duration grace) { impl_->Stop(grace); }

}  // namespace tokenvault
