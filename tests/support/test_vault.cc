#include "tests/support/test_vault.h"

#include <sqlite3.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "crypto/random.h"
#include "crypto/root_key.h"
#include "storage/open_store.h"
#include "vault/bindings.h"
#include "vault/init_vault.h"

namespace tokenvault {
namespace {

constexpr size_t kArenaBytes = 64 * 1024;

// A test world that cannot be built is no test.
void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "test vault: " << status << "\n";
  std::abort();
}

template <typename T>
T Check(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

Tenant MakeTenant(const std::string& id) {
  Tenant tenant;
  tenant.id = TenantId(id);
  tenant.name = absl::StrCat(id, " inc.");
  tenant.identity.issuer = absl::StrCat("https://idp.", id, ".test");
  tenant.identity.client_id = "tokenvault";
  return tenant;
}

Agent MakeAgent(const std::string& id, const std::string& tenant,
                bool trusted) {
  Agent agent;
  agent.id = AgentId(id);
  agent.tenant = TenantId(tenant);
  agent.name = absl::StrCat("Agent ", id);
  agent.owner = "Test team";
  agent.spiffe_id = SpiffeIdOf(id);
  agent.may_assert_user = trusted;
  agent.may_manage_connections = trusted;
  agent.return_uris = {"https://app.test/back"};
  return agent;
}

PolicyRule MakeRule(const std::string& id, Effect effect,
                    const std::string& agent, ScopeSet scopes) {
  PolicyRule rule;
  rule.id = id;
  rule.effect = effect;
  rule.agent = AgentId(agent);
  rule.scopes = std::move(scopes);
  return rule;
}

}  // namespace

std::string SpiffeIdOf(const std::string& agent) {
  return absl::StrCat("spiffe://example.com/agents/", agent);
}

Provider ProviderForTests(const std::string& id) {
  const bool narrows = id == "calendar";
  Provider provider;
  provider.id = ProviderId(id);
  provider.preset = "test";
  provider.display_name = absl::StrCat("Test ", id);
  provider.authorize_url = absl::StrCat("https://", id, ".test/authorize");
  provider.token_url = absl::StrCat("https://", id, ".test/token");
  provider.revocation_style = RevocationStyle::kRfc7009;
  provider.revocation_url = absl::StrCat("https://", id, ".test/revoke");
  provider.client_id = "vault";
  std::string secret = "client-secret";
  provider.client_secret = std::make_shared<const Secret>(std::move(secret));
  provider.rotation = narrows ? Rotation::kSingleUse : Rotation::kNone;
  provider.narrowing = narrows ? Narrowing::kRefreshScope : Narrowing::kNone;
  for (const char* action : {"read", "write"}) {
    ScopeInfo scope;
    scope.alias = absl::StrCat(id, ".", action);
    scope.value = absl::StrCat("https://", id, ".test/", action);
    scope.says = absl::StrCat(action, " your ", id);
    provider.scopes.push_back(std::move(scope));
  }
  return provider;
}

std::shared_ptr<Directory> DirectoryForTests() {
  auto directory = std::make_shared<Directory>();
  directory->generation = "test-1";
  directory->public_url = "https://connect.test";
  for (const char* id : {"acme", "globex"}) {
    directory->tenants.emplace(TenantId(id), MakeTenant(id));
  }
  for (const Agent& agent : {MakeAgent("calendar-bot", "acme", true),
                             MakeAgent("mail-bot", "acme", false),
                             MakeAgent("globex-bot", "globex", true)}) {
    directory->agents.emplace(agent.id, agent);
  }
  for (const char* id : {"calendar", "files"}) {
    directory->providers.emplace(ProviderId(id), ProviderForTests(id));
  }
  const ScopeSet reads = {"https://calendar.test/read",
                          "https://files.test/read"};
  directory->policy =
      Policy({MakeRule("acme-reads", Effect::kAllow, "calendar-bot", reads),
              MakeRule("globex-reads", Effect::kAllow, "globex-bot", reads),
              MakeRule("no-writes", Effect::kDeny, "",
                       {"https://calendar.test/write"})});
  return directory;
}

TestVault::TestVault() {
  Check(InitCrypto());
  arena = Check(SecretArena::Create(kArenaBytes));
  store = std::make_unique<FaultyStore>(
      Check(OpenStore({folder.File("vault.db"), /*create=*/true})));
  Check(RootKey::CreateFile(folder.File("root.key")));
  RootKey root = Check(RootKey::FromFile(*arena, folder.File("root.key")));
  RootSource source;
  source.id = "file";
  source.kind = "file";
  source.create_time = clock.Now();
  Check(InitVault(*store, *arena, root, source, clock.Now()));
  keys = Check(KeyKeeper::Create(*store, *arena, clock));
  sources = std::make_unique<RootSources>(
      *store, *arena,
      std::vector<RootSourceSettings>{FileSource("file"),
                                      FileSource("second")});
  holder = std::make_unique<DirectoryHolder>(DirectoryForTests());
  providers = std::make_unique<ProviderAccess>(http, clock);
  cache = std::make_unique<TokenCache>(1000);
  stops = std::make_unique<Stops>(clock, *store);
  interactions = std::make_unique<Interactions>(*store, *keys);
  refresher =
      std::make_unique<Refresher>(clock, *store, *keys, *providers, *cache,
                                  /*landing=*/nullptr);
  rejections = std::make_unique<TokenRejections>(clock, *store, *cache);
  sign_in = std::make_unique<SignIn>(clock, *store, *keys, *providers);
  consent = std::make_unique<ConsentFlow>(clock, *store, *keys, *providers,
                                          *interactions, *cache, *stops);
  upstream =
      std::make_unique<UpstreamRevocations>(clock, *store, *keys, *providers);
  connections =
      std::make_unique<ConnectionAdmin>(clock, *store, *upstream, *cache);
  signer = std::make_unique<NoteSigner>(clock, *store, *keys);
  operations = std::make_unique<Operations>(clock);
  rotation = std::make_unique<KeyRotation>(clock, *store, *keys, *sources,
                                           *signer, *operations);
  source_admin = std::make_unique<RootSourceAdmin>(clock, *store, *keys,
                                                   *sources, *operations);
  incident = std::make_unique<Incident>(clock, *store, *holder, *connections,
                                        *operations);
  backups = std::make_unique<Backups>(clock, *store, *keys, *sources,
                                      *operations, folder.File("vault.db"));
  pool = std::make_unique<WorkerPool>(kThreads, 1000);
  approvals =
      std::make_unique<Approvals>(clock, *store, *keys, *interactions, *cache);
  broker =
      std::make_unique<Broker>(clock, *store, *cache, *stops, *interactions,
                               *approvals, *refresher, *pool, http);
  erasure = std::make_unique<Erasure>(clock, *store, *keys, *holder,
                                      *connections, *upstream, *interactions,
                                      *refresher, *broker, *cache, *operations);
  data_keys = std::make_unique<DataKeyRotation>(clock, *store, *keys, *broker,
                                                *operations);
  seal = std::make_unique<SealSwitch>(
      clock, *store, *arena, *keys, *sources, *operations,
      SealSwitch::Hooks{
          .checked = nullptr,
          .opened = [this] { return refresher->Recover(*directory()); },
          .closed =
              [this] {
                cache->InvalidateAll();
                broker->ForgetAnswers();
              },
          .turned = [] {}});
  Check(seal->Open());
}

RootSourceSettings TestVault::FileSource(const std::string& id) const {
  RootSourceSettings settings;
  settings.id = id;
  settings.kind = "file";
  settings.key_file.path = folder.File(id == "file" ? "root.key" : id + ".key");
  return settings;
}

TestVault::~TestVault() {
  operations.reset();
  Finish();
}

void TestVault::Finish() {
  store->FailCommits(absl::OkStatus());
  store->LetCommitsGo();
  pool.reset();
  // Batches end in their order: behind this one there is none.
  WriteBatch last;
  last.Purge({absl::InfinitePast(), absl::InfinitePast()});
  Check(store->Commit(std::move(last)));
}

UserId TestVault::UserOf(const std::string& tenant,
                         const std::string& subject) const {
  return *keys->UserOf(TenantId(tenant),
                       absl::StrCat("https://idp.", tenant, ".test"), subject);
}

Connection TestVault::Connect(const std::string& tenant,
                              const std::string& subject,
                              const std::string& agent,
                              const std::string& provider,
                              const ScopeSet& scopes,
                              const std::string& refresh_token) {
  Connection connection;
  connection.tenant = TenantId(tenant);
  connection.id = ConnectionId(NewUlid(clock.Now()));
  connection.user = UserOf(tenant, subject);
  connection.provider = ProviderId(provider);
  connection.account_id = subject;
  connection.account_label = absl::StrCat(subject, "@", provider, ".test");
  connection.granted_scopes = scopes;
  connection.generation = 1;
  connection.create_time = clock.Now();
  Sealer sealer =
      Check(keys->SealerFor(connection.tenant, connection.user.value));
  connection.sealed_refresh_token = Check(
      sealer.Seal(Secret::Copy(refresh_token),
                  RefreshTokenBinding(keys->deployment_id(), connection)));
  AgentGrant grant;
  grant.tenant = connection.tenant;
  grant.connection = connection.id;
  grant.agent = AgentId(agent);
  grant.scopes = scopes;
  grant.create_time = clock.Now();
  WriteBatch batch;
  batch.Insert(connection);
  batch.Insert(grant);
  Check(store->Commit(std::move(batch)));
  return Check(store->GetConnection(connection.tenant, connection.id));
}

void TestVault::PutSealed(const Connection& connection,
                          const std::string& sealed) {
  sqlite3* db = nullptr;
  const std::string sql = absl::StrCat(
      "DROP TRIGGER IF EXISTS connection_updated_under_its_key;"
      "UPDATE connection SET sealed_refresh_token=x'",
      HexEncode(sealed), "' WHERE id='", connection.id.value, "'");
  if (sqlite3_open(folder.File("vault.db").c_str(), &db) != SQLITE_OK ||
      sqlite3_busy_timeout(db, 10'000) != SQLITE_OK ||
      sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    Check(errors::Internal(sqlite3_errmsg(db)));
  }
  sqlite3_close(db);
}

void TestVault::AnswerToken(const std::string& access_token,
                            const std::string& refresh_token,
                            const ScopeSet& scopes, int expires_in) {
  nlohmann::json answer;
  answer["access_token"] = access_token;
  answer["token_type"] = "Bearer";
  answer["expires_in"] = expires_in;
  answer["scope"] = scopes.ToString();
  if (!refresh_token.empty()) answer["refresh_token"] = refresh_token;
  http.AnswerJson(200, answer.dump());
}

std::vector<AuditEntry> TestVault::Audit(const std::string& kind) const {
  AuditFilter filter;
  filter.kind = kind;
  return Check(store->ListAuditEntries(filter, 10'000));
}

}  // namespace tokenvault
