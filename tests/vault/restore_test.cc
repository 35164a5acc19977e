#include "vault/restore.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "crypto/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open_store.h"
#include "storage/replace_vault.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/seen_log.h"
#include "tests/vault/vault_world.h"
#include "vault/backups.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kArena = 64 * 1024;

// A vault of which a backup is made, and a place where it is restored. What
// happens in the vault after the backup is what the restore must find out.
class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() {
    fs::copy_file(world_.folder.File("root.key"), place_.File("root.key"));
  }

  void MakeBackup() {
    auto started = world_.backups->Create(backup_, "");
    ASSERT_TRUE(started.ok()) << started.status();
    while (!world_.operations->Get(started->id)->done) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(world_.operations->Get(started->id)->result.ok());
  }
  // The vault as it is now, at the place: what a restore replaces.
  void PutAsOld() {
    ASSERT_TRUE(
        world_.store
            ->CopyTo(path_, [](int64_t, int64_t) { return absl::OkStatus(); })
            .ok());
  }

  OpenRootSource Root(SecretArena& arena) {
    auto key = RootKey::FromFile(arena, place_.File("root.key"));
    EXPECT_TRUE(key.ok()) << key.status();
    return {std::make_shared<const RootKey>(*std::move(key)), "file"};
  }
  absl::StatusOr<Restored> Restore(bool replace = true,
                                   bool trust_tokens = false) {
    auto arena = SecretArena::Create(kArena);
    auto file = BackupFile::Open(backup_);
    if (!file.ok()) return file.status();
    RestoreOrder order;
    order.file = backup_;
    order.path = path_;
    order.replace = replace;
    order.trust_tokens = trust_tokens;
    return RestoreVault(
        order, *std::move(file), Root(**arena), *world_.directory(), **arena,
        world_.clock,
        [](BackupStep, int64_t, int64_t) { return absl::OkStatus(); });
  }
  std::unique_ptr<Store> OpenPlace() {
    auto store = OpenStore({path_, /*create=*/false});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  Connection RestoredRow(const Connection& connection) {
    return *OpenPlace()->GetConnection(connection.tenant, connection.id);
  }
  // A refresh that the provider answers with another refresh token.
  void Refresh(const Connection& connection) {
    world_.AnswerToken("at-2", "rt-2", ReadCalendar());
    Refresher::Wanted wanted{ReadCalendar(), "", std::nullopt};
    auto fetched = world_.refresher->Fetch(
        *world_.directory(),
        *world_.directory()->FindProvider(connection.provider),
        world_.Row(connection), wanted);
    ASSERT_TRUE(fetched.ok()) << fetched.status();
  }
  std::vector<AuditEntry> LeavesAtPlace(const std::string& kind) {
    AuditFilter filter;
    filter.kind = kind;
    return *OpenPlace()->ListAuditEntries(filter, 100);
  }

  VaultWorld world_;
  TempFolder place_;
  const std::string path_ = place_.File("vault.db");
  const std::string backup_ = place_.File("backup");
};

TEST_F(RestoreTest, PutsTheVaultWhereNoneIs) {
  const Connection files = world_.Connect("acme", "ana", "calendar-bot",
                                          "files", ReadFiles(), "rt-files");
  MakeBackup();
  auto restored = Restore(/*replace=*/false);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_THAT(restored->set_aside, IsEmpty());
  EXPECT_FALSE(restored->followed);

  auto arena = SecretArena::Create(kArena);
  auto store = OpenPlace();
  const OpenRootSource root = Root(**arena);
  auto keys =
      KeyKeeper::Open(*store, **arena, *root.key, root.id, world_.clock);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ((*keys)->deployment_id(), world_.keys->deployment_id());
  auto census = CountSealed(*store, **keys, CensusDepth::kAllRecords,
                            [] { return true; });
  // The connection's, and the key that signed how far the log is.
  EXPECT_EQ(census->records, 2);
  EXPECT_EQ(census->broken_count, 0);
  EXPECT_EQ(store->GetConnection(files.tenant, files.id)->state,
            ConnectionState::kActive);
  EXPECT_THAT(*store->ListBackups(), SizeIs(1));
  // Nothing else is left at the place.
  for (const auto& entry : fs::directory_iterator(place_.path())) {
    EXPECT_FALSE(absl::StrContains(entry.path().string(), ".copy-"));
  }
}

TEST_F(RestoreTest, ShowsNoTokenThatMayHaveBeenReplaced) {
  const Connection calendar = world_.ConnectCalendar();
  world_.Connect("acme", "ana", "calendar-bot", "files", ReadFiles());
  MakeBackup();
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->tokens.stale, 1);
  EXPECT_EQ(restored->tokens.good, 1);
  EXPECT_EQ(RestoredRow(calendar).state, ConnectionState::kNeedsReconnect);
  EXPECT_EQ(RestoredRow(calendar).state_reason, "RESTORED_STALE");
  EXPECT_THAT(LeavesAtPlace(audit_kind::kRestoredStale), SizeIs(1));
  ASSERT_THAT(LeavesAtPlace(audit_kind::kBackupRestored), SizeIs(1));
}

TEST_F(RestoreTest, TrustsTokensOnTheWordOfAnOperator) {
  const Connection calendar = world_.ConnectCalendar();
  MakeBackup();
  auto restored = Restore(/*replace=*/false, /*trust_tokens=*/true);
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->tokens.good, 1);
  EXPECT_EQ(RestoredRow(calendar).state, ConnectionState::kActive);
}

TEST_F(RestoreTest, FollowsTheVaultThatItReplaces) {
  const Connection used = world_.ConnectCalendar();
  const Connection idle =
      world_.Connect("acme", "ben", "calendar-bot", "calendar", ReadCalendar());
  MakeBackup();
  Refresh(used);
  PutAsOld();
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_TRUE(restored->followed);
  EXPECT_EQ(restored->tokens.stale, 1);
  EXPECT_EQ(restored->tokens.good, 1);
  EXPECT_EQ(RestoredRow(used).state_reason, "RESTORED_STALE");
  EXPECT_EQ(RestoredRow(idle).state, ConnectionState::kActive);
}

TEST_F(RestoreTest, BelievesTheLogWhereTheRowSaysLess) {
  const Connection used = world_.ConnectCalendar();
  MakeBackup();
  Refresh(used);
  // As if somebody had put the old row back.
  Connection row = world_.Row(used);
  row.generation = used.generation;
  world_.Put(row);
  PutAsOld();
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(RestoredRow(used).state_reason, "RESTORED_STALE");
}

TEST_F(RestoreTest, ShowsNoTokenWhoseLastUseIsNotKnown) {
  const Connection asked = world_.ConnectCalendar();
  MakeBackup();
  Connection row = world_.Row(asked);
  row.refresh_phase = RefreshPhase::kMaybeSent;
  row.lease_epoch += 1;
  world_.Put(row);
  PutAsOld();
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(RestoredRow(asked).state_reason, "RESTORED_STALE");
  EXPECT_EQ(RestoredRow(asked).refresh_phase, RefreshPhase::kNone);
}

TEST_F(RestoreTest, TakesADoubtForSettledThatWasSettledSince) {
  Connection doubted = world_.ConnectCalendar();
  doubted.refresh_phase = RefreshPhase::kUnknown;
  doubted.state_reason = "UNKNOWN_ROTATION";
  world_.Put(doubted);
  MakeBackup();
  Connection settled = world_.Row(doubted);
  settled.refresh_phase = RefreshPhase::kNone;
  settled.state_reason = "";
  world_.Put(settled);
  PutAsOld();
  ASSERT_TRUE(Restore().ok());
  const Connection row = RestoredRow(doubted);
  EXPECT_EQ(row.state, ConnectionState::kActive);
  EXPECT_EQ(row.state_reason, "");
  EXPECT_EQ(row.refresh_phase, RefreshPhase::kNone);
}

TEST_F(RestoreTest, ShowsNoTokenToAProviderThatIsNotKnown) {
  const Connection files =
      world_.Connect("acme", "ana", "calendar-bot", "files", ReadFiles());
  MakeBackup();
  world_.Change([](Directory& directory) {
    directory.providers.erase(ProviderId("files"));
  });
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(RestoredRow(files).state_reason, "RESTORED_STALE");
}

TEST_F(RestoreTest, OpensNoAnswerThatLandedInAnotherLife) {
  const Connection files =
      world_.Connect("acme", "ana", "calendar-bot", "files", ReadFiles());
  MakeBackup();
  ASSERT_TRUE(Restore().ok());
  // No vault gets so far by itself: what landed is bound to the epoch.
  EXPECT_GT(RestoredRow(files).lease_epoch, uint64_t{1} << 31);
}

TEST_F(RestoreTest, BringsNothingBackThatAPersonEnded) {
  const Connection ended = world_.ConnectCalendar();
  MakeBackup();
  world_.http.AnswerJson(200, "{}");
  ASSERT_TRUE(world_.connections
                  ->Revoke(*world_.directory(), ended.tenant, ended.user,
                           ended.id, "", "users/ana", "")
                  .ok());
  PutAsOld();
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->tokens.ended, 1);
  const Connection row = RestoredRow(ended);
  EXPECT_EQ(row.state, ConnectionState::kRevoked);
  EXPECT_EQ(row.sealed_refresh_token, "");
  EXPECT_THAT(*OpenPlace()->ListAgentGrants(ended.tenant, ended.id), IsEmpty());
}

TEST_F(RestoreTest, BringsNoGrantBackThatWasTakenAway) {
  const Connection shared = world_.ConnectCalendar();
  MakeBackup();
  ConnectionChange change;
  change.keep_agents.emplace();
  change.paused = true;
  ASSERT_TRUE(world_.connections
                  ->Update(shared.tenant, shared.user, shared.id, "", change,
                           "users/ana")
                  .ok());
  PutAsOld();
  ASSERT_TRUE(Restore().ok());
  EXPECT_THAT(*OpenPlace()->ListAgentGrants(shared.tenant, shared.id),
              IsEmpty());
  EXPECT_TRUE(RestoredRow(shared).paused);
}

TEST_F(RestoreTest, KeepsGrantsThatBothHave) {
  const Connection shared = world_.ConnectCalendar();
  MakeBackup();
  PutAsOld();
  ASSERT_TRUE(Restore().ok());
  EXPECT_THAT(*OpenPlace()->ListAgentGrants(shared.tenant, shared.id),
              SizeIs(1));
}

TEST_F(RestoreTest, EndsWhatWasErasedSince) {
  const Connection erased = world_.ConnectCalendar();
  MakeBackup();
  // No row of it any more, and the log of the same vault.
  world_.Connect("acme", "ben", "calendar-bot", "files", ReadFiles());
  PutAsOld();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
  const std::string sql = absl::StrCat(
      "DELETE FROM agent_grant WHERE connection='", erased.id.value,
      "'; DELETE FROM connection WHERE id='", erased.id.value, "'");
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->tokens.ended, 1);
  EXPECT_EQ(restored->tokens.lost, 1);
  EXPECT_EQ(RestoredRow(erased).state, ConnectionState::kRevoked);
}

TEST_F(RestoreTest, DropsSignIns) {
  const WebSession session = world_.SessionOf("acme", "ana");
  WriteBatch batch;
  batch.Insert(session);
  ASSERT_TRUE(world_.store->Commit(std::move(batch)).ok());
  MakeBackup();
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ(ReasonOf(OpenPlace()->GetSession(session.id_hash).status()),
            "NOT_FOUND");
}

TEST_F(RestoreTest, ReplacesNothingUnlessItIsTold) {
  MakeBackup();
  PutAsOld();
  EXPECT_EQ(ReasonOf(Restore(/*replace=*/false).status()), "ALREADY_EXISTS");
}

TEST_F(RestoreTest, ReplacesNothingThatIsServed) {
  MakeBackup();
  PutAsOld();
  auto served = OpenPlace();
  EXPECT_EQ(ReasonOf(Restore().status()), "STORAGE_BUSY");
}

TEST_F(RestoreTest, SetsAsideWhatItReplaces) {
  MakeBackup();
  world_.ConnectCalendar();
  PutAsOld();
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  ASSERT_FALSE(restored->set_aside.empty());
  auto aside = OpenStore({restored->set_aside[0], /*create=*/false});
  ASSERT_TRUE(aside.ok()) << aside.status();
  EXPECT_EQ((*aside)->GetStatus()->connections[ConnectionState::kActive], 1);
}

TEST_F(RestoreTest, ReplacesWhatCannotBeReadAnyMore) {
  const Connection calendar = world_.ConnectCalendar();
  MakeBackup();
  std::ofstream(path_) << std::string(8192, 'x');
  fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_FALSE(restored->followed);
  EXPECT_EQ(RestoredRow(calendar).state_reason, "RESTORED_STALE");
}

TEST_F(RestoreTest, FollowsNoOtherVault) {
  const Connection calendar = world_.ConnectCalendar();
  MakeBackup();
  {
    VaultWorld other;
    ASSERT_TRUE(
        other.store
            ->CopyTo(path_, [](int64_t, int64_t) { return absl::OkStatus(); })
            .ok());
  }
  auto restored = Restore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_FALSE(restored->followed);
  EXPECT_EQ(RestoredRow(calendar).state_reason, "RESTORED_STALE");
}

TEST_F(RestoreTest, LeavesTheVaultAloneWhenTheBackupIsBroken) {
  world_.ConnectCalendar();
  MakeBackup();
  PutAsOld();
  fs::resize_file(backup_, fs::file_size(backup_) - 1);
  EXPECT_EQ(ReasonOf(Restore().status()), "BACKUP_BROKEN");
  EXPECT_EQ(OpenPlace()->GetStatus()->connections[ConnectionState::kActive], 1);
  for (const auto& entry : fs::directory_iterator(place_.path())) {
    EXPECT_FALSE(absl::StrContains(entry.path().string(), ".before-"));
    EXPECT_FALSE(absl::StrContains(entry.path().string(), ".copy-"));
  }
}

TEST_F(RestoreTest, NeedsTheRootKeyOfTheBackup) {
  MakeBackup();
  fs::remove(place_.File("root.key"));
  ASSERT_TRUE(RootKey::CreateFile(place_.File("root.key")).ok());
  EXPECT_EQ(ReasonOf(Restore().status()), "ROOT_KEY_INVALID");
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RestoreTest, LeavesAMarkByWhichTheOldDatabaseIsKnown) {
  MakeBackup();
  PutAsOld();
  const std::string kept = place_.File("kept.db");
  fs::copy_file(path_, kept);
  ASSERT_TRUE(Restore().ok());
  auto check = [&](const std::string& database) {
    auto arena = SecretArena::Create(kArena);
    auto store = OpenStore({database, /*create=*/false});
    const OpenRootSource root = Root(**arena);
    auto keys =
        KeyKeeper::Open(**store, **arena, *root.key, root.id, world_.clock);
    return ReasonOf(SeenLog(world_.clock, **store, **keys, world_.http,
                            *world_.operations, {{}, path_ + kCheckpointSuffix})
                        .Check());
  };
  EXPECT_EQ(check(path_), "");
  EXPECT_EQ(check(kept), "DATABASE_ROLLED_BACK");
}

#ifdef TOKENVAULT_FAULTS
// Ends the restore there, as kill -9 does. A process of its own, forked while
// no other thread lives.
void RestoreAndDieAt(const std::string& point,
                     const std::function<void()>& restore) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ArmFaultPoint(absl::StrCat(point, ":1"));
    restore();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << point;
}

TEST(RestoreKillTest, LeavesTheOneVaultOrTheOther) {
  for (const absl::string_view point : FaultPoints()) {
    if (!absl::StartsWith(point, "restore.")) continue;
    SCOPED_TRACE(std::string(point));
    TempFolder place;
    const std::string path = place.File("vault.db");
    const std::string backup = place.File("backup");
    FakeClock clock;
    std::shared_ptr<const Directory> directory = DirectoryForTests();
    {
      VaultWorld world;
      world.ConnectCalendar();
      auto started = world.backups->Create(backup, "");
      while (!world.operations->Get(started->id)->done) {
        std::this_thread::yield();
      }
      // What tells the vault of now from its backup.
      world.Connect("acme", "ben", "calendar-bot", "files", ReadFiles());
      SeenLog seen(clock, *world.store, *world.keys, world.http,
                   *world.operations, {});
      std::ofstream(path + kCheckpointSuffix) << seen.checkpoints.Make()->note;
      ASSERT_TRUE(
          world.store
              ->CopyTo(path, [](int64_t, int64_t) { return absl::OkStatus(); })
              .ok());
      fs::copy_file(world.folder.File("root.key"), place.File("root.key"));
    }
    auto open_root = [&](SecretArena& arena) {
      return OpenRootSource{std::make_shared<const RootKey>(*RootKey::FromFile(
                                arena, place.File("root.key"))),
                            "file"};
    };
    RestoreAndDieAt(std::string(point), [&] {
      auto arena = SecretArena::Create(kArena);
      RestoreOrder order;
      order.file = backup;
      order.path = path;
      order.replace = true;
      RestoreVault(
          order, *BackupFile::Open(backup), open_root(**arena), *directory,
          **arena, clock,
          [](BackupStep, int64_t, int64_t) { return absl::OkStatus(); })
          .IgnoreError();
    });
    auto store = OpenStore({path, /*create=*/false});
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->CheckIntegrity().ok());
    auto status = (*store)->GetStatus();
    const bool restored = point == "restore.in_place";
    int64_t connections = 0;
    for (const auto& [state, count] : status->connections) connections += count;
    EXPECT_EQ(connections, restored ? 1 : 2);
    // And it starts: the mark beside it is not another's.
    auto arena = SecretArena::Create(kArena);
    const OpenRootSource root = open_root(**arena);
    auto keys = KeyKeeper::Open(**store, **arena, *root.key, root.id, clock);
    ASSERT_TRUE(keys.ok());
    FakeHttpClient http;
    Operations operations(clock);
    EXPECT_TRUE(SeenLog(clock, **store, **keys, http, operations,
                        {{}, path + kCheckpointSuffix})
                    .Check()
                    .ok());
  }
}
#endif

}  // namespace
}  // namespace tokenvault
