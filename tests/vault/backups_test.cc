#include "vault/backups.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/root_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open_store.h"
#include "tests/vault/vault_world.h"
#include "vault/init_vault.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BackupsTest : public ::testing::Test {
 protected:
  Operation::Progress Wait(const absl::StatusOr<Operation::Progress>& started) {
    EXPECT_TRUE(started.ok()) << started.status();
    while (started.ok()) {
      auto progress = world_.operations->Get(started->id);
      if (!progress.ok() || progress->done) return *progress;
      std::this_thread::yield();
    }
    return Operation::Progress();
  }
  Operation::Progress Create(const std::string& path) {
    return Wait(world_.backups->Create(path, "request-1"));
  }
  Operation::Progress Verify(const std::string& path) {
    return Wait(world_.backups->Verify(path, "request-2"));
  }
  // What is in the folder of the backups.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(place_.path())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void Retire() {
    auto rotated = Wait(world_.rotation->Start(0, ""));
    EXPECT_TRUE(rotated.result.ok()) << rotated.result;
    world_.clock.Advance(KeyRotation::kTripwire + absl::Hours(1));
  }

  VaultWorld world_;
  TempFolder place_;
  const std::string path_ = place_.File("vault.backup");
};

TEST_F(BackupsTest, WritesOneFileAndSaysWhatIsInIt) {
  world_.ConnectCalendar();
  const Operation::Progress made = Create(path_);
  ASSERT_TRUE(made.result.ok()) << made.result;
  ASSERT_TRUE(made.backup.has_value());
  EXPECT_EQ(made.records_opened, 1);
  EXPECT_EQ(made.broken_count, 0);
  EXPECT_THAT(Files(), ElementsAre("vault.backup"));

  auto listed = world_.backups->List();
  ASSERT_TRUE(listed.ok());
  ASSERT_THAT(*listed, SizeIs(1));
  EXPECT_EQ(listed->front().id, made.backup->id);
  EXPECT_EQ(listed->front().location, path_);
  EXPECT_EQ(listed->front().lowest_kek_version, 1u);
  EXPECT_EQ(listed->front().highest_kek_version, 1u);
  EXPECT_EQ(listed->front().verify_time, absl::InfiniteFuture());
  const auto leaves = world_.Audit(audit_kind::kBackupCreated);
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(made.backup->id));
  EXPECT_THAT(leaves[0].leaf, HasSubstr("request-1"));
}

TEST_F(BackupsTest, SaysOfItselfWhatTheVaultWas) {
  world_.ConnectCalendar();
  const auto leaves = world_.Audit();
  ASSERT_TRUE(Create(path_).result.ok());
  auto file = BackupFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  const BackupManifest& manifest = file->manifest();
  EXPECT_EQ(manifest.deployment_id, world_.keys->deployment_id());
  EXPECT_EQ(manifest.time, world_.clock.Now());
  EXPECT_EQ(manifest.connections, 1);
  EXPECT_EQ(manifest.data_keys, 2);
  EXPECT_EQ(manifest.records, 1);
  EXPECT_EQ(manifest.audit_sequence, leaves.size());
  ASSERT_THAT(manifest.wraps, SizeIs(1));
  EXPECT_EQ(manifest.wraps[0].source_id, "file");
  EXPECT_EQ(manifest.kek_version, 1u);
}

TEST_F(BackupsTest, HoldsNoTokenInClear) {
  world_.Connect("acme", "ana", "calendar-bot", "calendar", ReadCalendar(),
                 "canary-refresh-token");
  ASSERT_TRUE(Create(path_).result.ok());
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(bytes.find("canary-refresh-token"), std::string::npos);
  // Nor whose account it is.
  EXPECT_EQ(bytes.find("ana@calendar.test"), std::string::npos);
}

TEST_F(BackupsTest, VerifiesWhatItMade) {
  world_.ConnectCalendar();
  ASSERT_TRUE(Create(path_).result.ok());
  world_.clock.Advance(absl::Hours(1));
  const Operation::Progress verified = Verify(path_);
  ASSERT_TRUE(verified.result.ok()) << verified.result;
  EXPECT_EQ(verified.records_opened, 1);
  EXPECT_EQ(verified.data_keys_opened, 2);
  EXPECT_EQ(world_.backups->List()->front().verify_time, world_.clock.Now());
  EXPECT_THAT(world_.Audit(audit_kind::kBackupVerified), SizeIs(1));
  // And leaves no copy of the database lying about.
  for (const auto& entry : fs::directory_iterator(world_.folder.path())) {
    EXPECT_EQ(entry.path().string().find(".copy-"), std::string::npos);
  }
}

TEST_F(BackupsTest, VerifiesOneFromBeforeARotation) {
  world_.ConnectCalendar();
  ASSERT_TRUE(Create(path_).result.ok());
  Retire();
  const Operation::Progress verified = Verify(path_);
  EXPECT_TRUE(verified.result.ok()) << verified.result;
}

TEST_F(BackupsTest, RefusesOneThatWasChanged) {
  world_.ConnectCalendar();
  ASSERT_TRUE(Create(path_).result.ok());
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const char last = static_cast<char>(file.get());
  file.seekp(-1, std::ios::end);
  file.put(static_cast<char>(last ^ 1));
  file.close();
  const Operation::Progress verified = Verify(path_);
  EXPECT_EQ(ReasonOf(verified.result), "BACKUP_BROKEN");
  EXPECT_THAT(verified.problem, HasSubstr("it was changed"));
  EXPECT_FALSE(verified.backup.has_value());
  EXPECT_EQ(world_.backups->List()->front().verify_time,
            absl::InfiniteFuture());
  EXPECT_THAT(world_.Audit(audit_kind::kBackupVerified), IsEmpty());
}

TEST_F(BackupsTest, RefusesOneOfAnotherVault) {
  VaultWorld other;
  auto started = other.backups->Create(path_, "");
  ASSERT_TRUE(started.ok());
  while (!other.operations->Get(started->id)->done) std::this_thread::yield();
  EXPECT_EQ(ReasonOf(Verify(path_).result), "BACKUP_BROKEN");
}

TEST_F(BackupsTest, CopiesWhatDoesNotOpenAsItIs) {
  Connection broken = world_.ConnectCalendar();
  broken.sealed_refresh_token[100] ^= 1;
  world_.Put(broken);
  const Operation::Progress made = Create(path_);
  ASSERT_TRUE(made.result.ok()) << made.result;
  EXPECT_EQ(made.broken_count, 1);
  EXPECT_THAT(made.broken,
              ElementsAre(absl::StrCat("connections/", broken.id.value)));
  const Operation::Progress verified = Verify(path_);
  EXPECT_TRUE(verified.result.ok()) << verified.result;
  EXPECT_EQ(verified.broken_count, 1);
}

TEST_F(BackupsTest, OpensByAnySourceOfItsTime) {
  world_.ConnectCalendar();
  ASSERT_TRUE(
      world_.source_admin->Add("second", Secret(), /*renews=*/false, "").ok());
  ASSERT_TRUE(Create(path_).result.ok());
  fs::remove(world_.folder.File("root.key"));
  const Operation::Progress verified = Verify(path_);
  EXPECT_TRUE(verified.result.ok()) << verified.result;
}

TEST_F(BackupsTest, NeedsASourceOfItsTime) {
  ASSERT_TRUE(Create(path_).result.ok());
  ASSERT_TRUE(
      world_.source_admin->Add("second", Secret(), /*renews=*/false, "").ok());
  fs::remove(world_.folder.File("root.key"));
  EXPECT_EQ(ReasonOf(Verify(path_).result), "ROOT_KEY_INVALID");
}

TEST_F(BackupsTest, AreNotMadeWhileTheVaultIsSealed) {
  ASSERT_TRUE(world_.seal->Seal().ok());
  EXPECT_EQ(ReasonOf(world_.backups->Create(path_, "").status()),
            "VAULT_SEALED");
  EXPECT_EQ(ReasonOf(world_.backups->Verify(path_, "").status()),
            "VAULT_SEALED");
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(BackupsTest, WritesOverNothing) {
  std::ofstream(path_) << "theirs";
  EXPECT_EQ(ReasonOf(Create(path_).result), "ALREADY_EXISTS");
  EXPECT_THAT(Files(), ElementsAre("vault.backup"));
  EXPECT_THAT(*world_.backups->List(), IsEmpty());
}

TEST_F(BackupsTest, SaysThatThePathCannotBeUsed) {
  EXPECT_EQ(ReasonOf(world_.backups->Create("vault.backup", "").status()),
            "BACKUP_PATH_INVALID");
  EXPECT_EQ(ReasonOf(Create(place_.File("none/vault.backup")).result),
            "BACKUP_PATH_INVALID");
  EXPECT_EQ(ReasonOf(Verify(place_.File("none")).result),
            "BACKUP_PATH_INVALID");
}

TEST_F(BackupsTest, LeavesNothingBehindWhenItCannotBeRecorded) {
  world_.store->FailCommits(errors::StorageFull(), [](const WriteBatch& batch) {
    return !batch.ops().empty();
  });
  EXPECT_EQ(ReasonOf(Create(path_).result), "STORAGE_FULL");
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(*world_.backups->List(), IsEmpty());
}

TEST_F(BackupsTest, LeavesNothingBehindWhenItIsStopped) {
  std::promise<void> told;
  world_.store->BeforeCopies([&told] { told.get_future().wait(); });
  auto started = world_.backups->Create(path_, "");
  ASSERT_TRUE(started.ok()) << started.status();
  ASSERT_TRUE(world_.operations->Cancel(started->id).ok());
  told.set_value();
  const Operation::Progress stopped = Wait(started);
  EXPECT_TRUE(stopped.cancelled);
  EXPECT_FALSE(stopped.backup.has_value());
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(*world_.backups->List(), IsEmpty());
}

TEST_F(BackupsTest, KeepsTheKeysThatTheyNeedFromBeingDestroyed) {
  world_.ConnectCalendar();
  ASSERT_TRUE(Create(path_).result.ok());
  Retire();
  const std::string id = world_.backups->List()->front().id;
  absl::Status refused = world_.rotation->Destroy(1, "").status();
  EXPECT_EQ(ReasonOf(refused), "KEY_IN_USE");
  EXPECT_THAT(std::string(refused.message()), HasSubstr(id));

  ASSERT_TRUE(world_.backups->Forget(id, "request-3").ok());
  EXPECT_THAT(world_.Audit(audit_kind::kBackupForgotten), SizeIs(1));
  EXPECT_TRUE(world_.rotation->Destroy(1, "").ok());
}

TEST_F(BackupsTest, KeepsNoKeyThatTheyDoNotNeed) {
  world_.ConnectCalendar();
  Retire();
  ASSERT_TRUE(Create(path_).result.ok());
  EXPECT_EQ(world_.backups->List()->front().lowest_kek_version, 2u);
  EXPECT_TRUE(world_.rotation->Destroy(1, "").ok());
}

TEST_F(BackupsTest, ForgetsOnlyWhatItKnows) {
  EXPECT_EQ(ReasonOf(world_.backups->Forget("01jd8", "")), "RESOURCE_DENIED");
}

TEST_F(BackupsTest, KnowsAForgottenOneAgainOnceItIsVerified) {
  ASSERT_TRUE(Create(path_).result.ok());
  const std::string id = world_.backups->List()->front().id;
  ASSERT_TRUE(world_.backups->Forget(id, "").ok());
  ASSERT_TRUE(Verify(path_).result.ok());
  ASSERT_THAT(*world_.backups->List(), SizeIs(1));
  EXPECT_EQ(world_.backups->List()->front().id, id);
}

}  // namespace
}  // namespace tokenvault
