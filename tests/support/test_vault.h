#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/secret_arena.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/faulty_store.h"
#include "tests/support/temp_folder.h"
#include "vault/backups.h"
#include "vault/broker.h"
#include "vault/connection_admin.h"
#include "vault/consent_flow.h"
#include "vault/data_key_rotation.h"
#include "vault/directory.h"
#include "vault/erasure.h"
#include "vault/incident.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/key_rotation.h"
#include "vault/provider_access.h"
#include "vault/refresher.h"
#include "vault/root_source_admin.h"
#include "vault/root_sources.h"
#include "vault/seal_switch.h"
#include "vault/sign_in.h"
#include "vault/stops.h"
#include "vault/token_cache.h"
#include "vault/token_rejections.h"
#include "vault/worker_pool.h"

namespace tokenvault {

// What DirectoryForTests knows; tests say these names.
//
//   tenant   agents                                     people
//   acme     calendar-bot (may assert users, may manage   "ana", "ben" of
//            connections), mail-bot (neither)             https://idp.acme.test
//   globex   globex-bot (may assert users, may manage) https://idp.globex.test
//
// Agents have the SPIFFE IDs spiffe://example.com/agents/<id>. The provider
// "calendar" narrows on refresh and gives a new refresh token each time;
// "files" does neither. calendar-bot and globex-bot may have calendar.read and
// files.read; calendar.write is denied by rule "no-writes".
std::shared_ptr<Directory> DirectoryForTests();
std::string SpiffeIdOf(const std::string& agent);
Provider ProviderForTests(const std::string& id);

// A whole vault in this process: real SQLite in a folder of its own, real keys,
// a clock that stands still and a network that answers from a script.
class TestVault {
 public:
  // How many jobs the pool runs at a time.
  static constexpr int kThreads = 4;

  TestVault();
  ~TestVault();

  // Changes the configuration as a reload does.
  void Reconfigure(std::shared_ptr<const Directory> next) {
    holder->Swap(std::move(next));
  }
  std::shared_ptr<const Directory> directory() const { return holder->Get(); }

  UserId UserOf(const std::string& tenant, const std::string& subject) const;

  // A connection as consent leaves it: its refresh token sealed, `agent`
  // allowed what it can do.
  Connection Connect(const std::string& tenant, const std::string& subject,
                     const std::string& agent, const std::string& provider,
                     const ScopeSet& scopes,
                     const std::string& refresh_token = "rt-1");

  // Puts what is sealed there into the row of `connection`, as who writes into
  // the file does: not even the schema stands in the way.
  void PutSealed(const Connection& connection, const std::string& sealed);

  // The next answer of a token endpoint.
  void AnswerToken(const std::string& access_token,
                   const std::string& refresh_token, const ScopeSet& scopes,
                   int expires_in = 3600);

  // A root source of a file of its own beside "file", whose file the vault has.
  RootSourceSettings FileSource(const std::string& id) const;

  std::vector<AuditEntry> Audit(const std::string& kind = "") const;

  // Waits until nothing is under way: no job of the pool, no commit. What was
  // built over the vault may go after this.
  void Finish();

  TempFolder folder;
  FakeClock clock;
  FakeHttpClient http;
  std::unique_ptr<SecretArena> arena;
  std::unique_ptr<FaultyStore> store;
  std::unique_ptr<KeyKeeper> keys;
  std::unique_ptr<RootSources> sources;
  std::unique_ptr<DirectoryHolder> holder;
  std::unique_ptr<ProviderAccess> providers;
  std::unique_ptr<TokenCache> cache;
  std::unique_ptr<Stops> stops;
  std::unique_ptr<Interactions> interactions;
  std::unique_ptr<Refresher> refresher;
  std::unique_ptr<TokenRejections> rejections;
  std::unique_ptr<SignIn> sign_in;
  std::unique_ptr<ConsentFlow> consent;
  std::unique_ptr<UpstreamRevocations> upstream;
  std::unique_ptr<ConnectionAdmin> connections;
  std::unique_ptr<NoteSigner> signer;
  std::unique_ptr<KeyRotation> rotation;
  std::unique_ptr<RootSourceAdmin> source_admin;
  std::unique_ptr<Incident> incident;
  std::unique_ptr<Backups> backups;
  std::unique_ptr<WorkerPool> pool;
  std::unique_ptr<Approvals> approvals;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<Erasure> erasure;
  std::unique_ptr<DataKeyRotation> data_keys;
  std::unique_ptr<Operations> operations;  // ends before what it works with
  std::unique_ptr<SealSwitch> seal;
};

}  // namespace tokenvault
