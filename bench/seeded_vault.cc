#include "bench/seeded_vault.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "bench/sample.h"
#include "bench/seeded_config.h"
#include "bench/token_endpoint.h"
#include "crypto/random.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "storage/open_store.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/init_vault.h"
#include "vault/key_keeper.h"

namespace tokenvault {
namespace {

constexpr size_t kArenaBytes = size_t{1} << 20;
constexpr size_t kBatch = 1000;
constexpr int kLeavesAtOnce = 1000;
constexpr size_t kTellEvery = 100000;  // people
constexpr size_t kDekIdBytes = 16;
constexpr char kIssuer[] = "https://login.example.com";
constexpr char kScope[] = "calendar.read";

AgentGrant GrantOf(const Connection& connection) {
  AgentGrant grant;
  grant.tenant = connection.tenant;
  grant.connection = connection.id;
  grant.agent = AgentId("bench-agent");
  grant.scopes = connection.granted_scopes;
  grant.create_time = connection.create_time;
  return grant;
}

struct BenchPerson {
  UserId user;
  int number = 0;
};

// In the order of the rows that will be theirs: in any other, each commit would
// write pages all over the database, most of the time that a large vault takes.
absl::StatusOr<std::vector<BenchPerson>> PeopleInOrder(const KeyKeeper& keys,
                                                       int people) {
  std::vector<BenchPerson> all;
  for (int i = 0; i < people; ++i) {
    ASSIGN_OR_RETURN(UserId user,
                     keys.UserOf(TenantId("default"), kIssuer, SubjectOf(i)));
    all.push_back({std::move(user), i});
  }
  std::sort(all.begin(), all.end(),
            [](const BenchPerson& a, const BenchPerson& b) {
              return a.user.value < b.user.value;
            });
  return all;
}

// With a data key of their own. The key keeper would commit that by itself, and
// a million syncs take their time.
absl::Status InsertPerson(KeyKeeper& keys, const BenchPerson& person,
                          absl::Time now, WriteBatch& batch) {
  Connection connection;
  connection.tenant = TenantId("default");
  connection.id = ConnectionId(NewUlid(now));
  connection.user = person.user;
  connection.provider = ProviderId("bench");
  connection.account_id = SubjectOf(person.number);
  connection.account_label =
      absl::StrCat(SubjectOf(person.number), "@example.com");
  connection.granted_scopes = {kScope};
  connection.generation = 1;
  connection.create_time = now;

  ASSIGN_OR_RETURN(const std::shared_ptr<const KeyRing> ring, keys.ring());
  Dek dek;
  dek.tenant = connection.tenant;
  dek.subject = connection.user.value;
  dek.dek_id = RandomBytes(kDekIdBytes);
  dek.kek_version = ring->primary_version();
  dek.create_time = now;
  ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(keys.arena()));
  ASSIGN_OR_RETURN(
      dek.wrapped,
      ring->WrapDataKey(DataKeyBindingOf(keys.deployment_id(), dek), key));
  const Sealer sealer(std::make_shared<const DataKey>(
      DataKey{dek.dek_id, dek.generation, std::move(key)}));
  ASSIGN_OR_RETURN(
      connection.sealed_refresh_token,
      sealer.Seal(Secret::Copy(TokenEndpoint::RefreshToken(person.number)),
                  RefreshTokenBinding(keys.deployment_id(), connection)));
  batch.Insert(std::move(dek));
  batch.Insert(connection);
  batch.Insert(GrantOf(connection));
  return absl::OkStatus();
}

}  // namespace

std::string SubjectOf(int person) { return absl::StrCat("person-", person); }

absl::Status SeededVault::Create() const {
  const Clock& clock = SystemClock();
  ASSIGN_OR_RETURN(std::unique_ptr<SecretArena> arena,
                   SecretArena::Create(kArenaBytes));
  const std::string key_file = folder + "/root.key";
  RETURN_IF_ERROR(RootKey::CreateFile(key_file));
  ASSIGN_OR_RETURN(RootKey root, RootKey::FromFile(*arena, key_file));
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenStore({database(), /*create=*/true}));
  RootSource source;
  source.id = "file";
  source.kind = "file";
  source.create_time = clock.Now();
  RETURN_IF_ERROR(InitVault(*store, *arena, root, source, clock.Now()));
  ASSIGN_OR_RETURN(std::unique_ptr<KeyKeeper> keys,
                   KeyKeeper::Open(*store, *arena, root, source.id, clock));
  ASSIGN_OR_RETURN(const std::vector<BenchPerson> all,
                   PeopleInOrder(*keys, people));
  const absl::Time start = clock.Now();
  for (size_t done = 0; done < all.size();) {
    WriteBatch batch;
    for (const size_t end = std::min(all.size(), done + kBatch); done < end;
         ++done) {
      RETURN_IF_ERROR(InsertPerson(*keys, all[done], clock.Now(), batch));
    }
    RETURN_IF_ERROR(store->Commit(std::move(batch)));
    if (done % kTellEvery == 0) {
      fprintf(stderr, "  %zu people after %.0f s\n", done,
              absl::ToDoubleSeconds(clock.Now() - start));
    }
  }
  std::ofstream file(config());
  file << ConfigOf(*this);
  file.close();
  if (!file)
    return errors::StoragePathInvalid("cannot write the configuration");
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SeededVault::CountAuditEntries() const {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenStore({database(), /*create=*/false}));
  ASSIGN_OR_RETURN(StoreStatus status, store->GetStatus());
  return status.audit_entries;
}

absl::StatusOr<int64_t> SeededVault::CountLeavesOf(
    const std::string& kind) const {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenStore({database(), /*create=*/false}));
  AuditFilter filter;
  filter.kind = kind;
  int64_t count = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<AuditEntry> page,
                     store->ListAuditEntries(filter, kLeavesAtOnce));
    if (page.empty()) return count;
    count += static_cast<int64_t>(page.size());
    filter.after_sequence = page.back().sequence;
  }
}

absl::StatusOr<double> SeededVault::TypicalLeafBytes() const {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenStore({database(), /*create=*/false}));
  AuditFilter filter;
  filter.kind = audit_kind::kTokenGranted;
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> newest,
                   store->ListLastAuditEntries(filter, kLeavesAtOnce));
  Sample bytes;
  for (const AuditEntry& entry : newest) {
    bytes.values.push_back(static_cast<double>(entry.leaf.size()));
  }
  return bytes.Median();
}

}  // namespace tokenvault
