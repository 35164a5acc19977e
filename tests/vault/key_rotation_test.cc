#include "vault/key_rotation.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

class KeyRotationTest : public ::testing::Test {
 protected:
  KeyRotation::Progress Rotate(
      KeyRotation::Extent extent = KeyRotation::Extent::kAll) {
    auto started =
        world_.rotation->Start(/*rows_per_second=*/0, "request-1", extent);
    EXPECT_TRUE(started.ok()) << started.status();
    return started.ok() ? Wait(started->id) : KeyRotation::Progress();
  }
  KeyRotation::Progress Wait(const std::string& id) {
    while (true) {
      auto progress = world_.rotation->Get(id);
      EXPECT_TRUE(progress.ok());
      if (!progress.ok() || progress->done) return *progress;
      std::this_thread::yield();
    }
  }
  // Data keys as SealerFor makes them, in few commits.
  void MakeDataKeys(int count) {
    WriteBatch batch;
    for (int i = 0; i < count; ++i) {
      Dek dek;
      dek.tenant = TenantId("acme");
      dek.subject = absl::StrCat("person-", i);
      dek.dek_id = RandomBytes(16);
      dek.kek_version = world_.keys->ring()->primary_version();
      dek.create_time = world_.clock.Now();
      auto key = ArenaKey::Random(*world_.arena);
      ASSERT_TRUE(key.ok()) << key.status();
      auto wrapped = world_.keys->ring()->WrapDataKey(
          {world_.keys->deployment_id(), dek.tenant, dek.subject, dek.dek_id},
          *key);
      ASSERT_TRUE(wrapped.ok());
      dek.wrapped = *wrapped;
      batch.Insert(std::move(dek));
    }
    ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  }
  int64_t LeftBefore(uint32_t version) {
    return world_.store->CountDeksBefore(version).value_or(-1);
  }
  KekState StateOf(uint32_t version) {
    auto keks = world_.store->ListKeks();
    EXPECT_TRUE(keks.ok()) << keks.status();
    for (const Kek& kek : *keks) {
      if (kek.version_number == version) return kek.state;
    }
    return KekState::kPending;
  }
  // The vault after a restart.
  absl::StatusOr<std::unique_ptr<KeyKeeper>> Reopen() {
    auto root =
        RootKey::FromFile(*world_.arena, world_.folder.File("root.key"));
    if (!root.ok()) return root.status();
    return KeyKeeper::Open(*world_.store, *world_.arena,
                           std::make_shared<const RootKey>(*std::move(root)),
                           "file", world_.clock);
  }

  VaultWorld world_;
};

template <typename Record>
bool Updates(const WriteBatch& batch) {
  return std::any_of(batch.ops().begin(), batch.ops().end(),
                     [](const WriteBatch::Op& op) {
                       auto* update = std::get_if<WriteBatch::UpdateOp>(&op);
                       return update != nullptr &&
                              std::holds_alternative<Record>(update->record);
                     });
}

TEST_F(KeyRotationTest, MovesAThousandDataKeys) {
  Connection connection = world_.ConnectCalendar();
  MakeDataKeys(1000);
  KeyRotation::Progress progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(progress.rows_total, progress.rows_done);
  EXPECT_GE(progress.rows_done, 1001);
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_EQ(StateOf(1), KekState::kDecryptOnly);
  EXPECT_EQ(StateOf(2), KekState::kActive);
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(1));

  // What was sealed before opens after, also for a vault that starts anew.
  world_.clock.Advance(absl::Minutes(2));
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection)), "rt-1");
  auto reopened = Reopen();
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  auto sealer =
      (*reopened)->SealerFor(connection.tenant, connection.user.value);
  ASSERT_TRUE(sealer.ok());
  EXPECT_TRUE(
      sealer
          ->Open(connection.sealed_refresh_token,
                 RefreshTokenBinding((*reopened)->deployment_id(), connection))
          .ok());
  EXPECT_TRUE((*reopened)->SealerFor(TenantId("acme"), "person-999").ok());
}

TEST_F(KeyRotationTest, TellsWhatItWouldDo) {
  MakeDataKeys(10);
  auto preview = world_.rotation->Preview();
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->key_version, 2);
  EXPECT_EQ(preview->rows_total, 11);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(1));
}

TEST_F(KeyRotationTest, GoesOnWhereItWasStopped) {
  MakeDataKeys(50);
  auto started = world_.rotation->Start(/*rows_per_second=*/10, "request-1");
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(ReasonOf(world_.rotation->Start(0, "").status()),
            "OPERATION_RUNNING");
  // At ten a second this cannot be through before it is told.
  ASSERT_EQ(world_.rotation->Cancel(started->id), absl::OkStatus());
  KeyRotation::Progress stopped = Wait(started->id);
  EXPECT_TRUE(stopped.cancelled);
  EXPECT_GT(LeftBefore(2), 0);
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(0));

  KeyRotation::Progress progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(2));
}

TEST_F(KeyRotationTest, FinishesAPendingKeyInsteadOfMakingAnother) {
  MakeDataKeys(10);
  world_.store->FailCommits(errors::StorageFull(), Updates<Kek>);
  EXPECT_EQ(ReasonOf(Rotate().result), "STORAGE_FULL");
  EXPECT_EQ(StateOf(2), KekState::kPending);
  EXPECT_EQ(StateOf(1), KekState::kActive);
  // The vault serves and starts with a key that is pending.
  EXPECT_TRUE(world_.keys->SealerFor(TenantId("acme"), "newcomer").ok());
  EXPECT_TRUE(Reopen().ok());

  world_.store->FailCommits(absl::OkStatus());
  KeyRotation::Progress progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(StateOf(2), KekState::kActive);
  EXPECT_EQ(LeftBefore(2), 0);
}

TEST_F(KeyRotationTest, FinishesWhatWasLeftAndMakesNoKey) {
  MakeDataKeys(300);
  world_.store->FailCommits(errors::StorageFull(), Updates<Dek>);
  EXPECT_EQ(ReasonOf(Rotate().result), "STORAGE_FULL");
  world_.store->FailCommits(absl::OkStatus());
  auto preview = world_.rotation->Preview(KeyRotation::Extent::kLeftOver);
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->key_version, 2);
  EXPECT_EQ(preview->rows_total, 301);
  KeyRotation::Progress progress = Rotate(KeyRotation::Extent::kLeftOver);
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.rows_done, 301);
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(2));

  // With nothing left there is nothing to do, and nothing to tell.
  progress = Rotate(KeyRotation::Extent::kLeftOver);
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(2));
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(1));
}

TEST_F(KeyRotationTest, NamesTheLeafThatEndsIt) {
  MakeDataKeys(10);
  for (int i = 0; i < 2; ++i) {
    const uint64_t named = Rotate().audit_sequence;
    EXPECT_EQ(named, world_.Audit("key.rotated").back().sequence);
  }
}

TEST_F(KeyRotationTest, LosesNothingWhenACommitFails) {
  MakeDataKeys(300);
  world_.store->FailCommits(errors::StorageFull(), Updates<Dek>);
  EXPECT_EQ(ReasonOf(Rotate().result), "STORAGE_FULL");
  EXPECT_EQ(LeftBefore(2), 301);
  EXPECT_TRUE(world_.keys->SealerFor(TenantId("acme"), "person-7").ok());
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_EQ(Rotate().result, absl::OkStatus());
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_TRUE(world_.keys->SealerFor(TenantId("acme"), "person-8").ok());
}

TEST_F(KeyRotationTest, ServesPeopleMeanwhile) {
  MakeDataKeys(200);
  std::atomic<bool> over = false;
  std::atomic<int> failed = 0;
  std::vector<std::thread> people;
  for (int t = 0; t < 3; ++t) {
    people.emplace_back([&, t] {
      for (int i = 0; i < 20 || (!over && i < 200); ++i) {
        auto sealer = world_.keys->SealerFor(
            TenantId("acme"), i % 2 == 0 ? absl::StrCat("new-", t, "-", i)
                                         : absl::StrCat("person-", i));
        if (!sealer.ok()) ++failed;
      }
    });
  }
  EXPECT_EQ(Rotate().result, absl::OkStatus());
  over = true;
  for (std::thread& person : people) person.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(KeyRotationTest, KnowsItsLatestOperationOnly) {
  EXPECT_EQ(ReasonOf(world_.rotation->Get("").status()), "RESOURCE_DENIED");
  Rotate();
  EXPECT_EQ(ReasonOf(world_.rotation->Get("another").status()),
            "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(world_.rotation->Cancel("another")), "RESOURCE_DENIED");
}

TEST_F(KeyRotationTest, ListsKeysWithWhatTheyHold) {
  MakeDataKeys(3);
  Rotate();
  auto keys = world_.rotation->ListKeys();
  ASSERT_TRUE(keys.ok());
  ASSERT_THAT(*keys, SizeIs(2));
  EXPECT_EQ(keys->at(0).data_keys, 0);
  EXPECT_EQ(keys->at(1).data_keys, 4);
  EXPECT_EQ(keys->at(1).sources, std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace tokenvault
