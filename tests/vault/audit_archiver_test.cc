#include "vault/audit_archiver.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seen_log.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The audit log as operators move it to files, and have it compared.
class AuditLogTest : public ::testing::Test {
 protected:
  void Log(int leaves) {
    ASSERT_TRUE(AppendLeaves(*world_.store, world_.clock.Now(), leaves).ok());
  }
  // A log of so many leaves, under a checkpoint of an hour ago.
  void LogAndSign(int leaves) {
    Log(leaves);
    ASSERT_TRUE(seen_.checkpoints.Make().ok());
    seen_.witnesses.Publish();
    world_.clock.Advance(absl::Hours(1));
    Log(1);
  }
  Operation::Progress End(absl::StatusOr<Operation::Progress> started) {
    EXPECT_TRUE(started.ok()) << started.status();
    while (!world_.operations->Get(started->id)->done) {
      std::this_thread::yield();
    }
    return *world_.operations->Get(started->id);
  }
  Operation::Progress Archive() {
    return End(seen_.archiver.Start(world_.clock.Now(), "operator", ""));
  }
  Operation::Progress Verify() { return End(seen_.check.Start(0, 0)); }
  size_t Kept() { return world_.store->ListAuditEntries({}, 1 << 20)->size(); }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  VaultWorld world_;
  const std::string folder_ = [this] {
    const std::string path = world_.folder.File("archive");
    fs::create_directory(path);
    return path;
  }();
  const std::string witness_ = [this] {
    const std::string path = world_.folder.File("witness");
    fs::create_directory(path);
    return path;
  }();
  SeenLog seen_{world_.clock,
                *world_.store,
                *world_.keys,
                world_.http,
                *world_.operations,
                {{{"nas", witness_, "", ""}}, "", folder_, absl::Hours(24)}};
};

TEST_F(AuditLogTest, MovesOldLeavesToAFile) {
  LogAndSign(2500);
  const Operation::Progress moved = Archive();
  ASSERT_TRUE(moved.result.ok()) << moved.result;
  ASSERT_TRUE(moved.archive.has_value());
  EXPECT_EQ(moved.archive->first, 1u);
  EXPECT_EQ(moved.archive->last, 2500u);
  EXPECT_THAT(Files(), SizeIs(1));
  // The newest leaf, and the one that says that the others went.
  EXPECT_EQ(Kept(), 2u);
  EXPECT_TRUE(Verify().result.ok());
  EXPECT_TRUE(world_.store->CheckIntegrity().ok());
}

TEST_F(AuditLogTest, MovesTheNextLeavesToTheNextFile) {
  LogAndSign(10);
  ASSERT_TRUE(Archive().result.ok());
  LogAndSign(10);
  const Operation::Progress moved = Archive();
  ASSERT_TRUE(moved.archive.has_value());
  EXPECT_EQ(moved.archive->first, 11u);
  EXPECT_THAT(Files(), SizeIs(2));
  EXPECT_TRUE(Verify().result.ok());
}

TEST_F(AuditLogTest, MovesNothingThatIsYoung) {
  Log(10);
  ASSERT_TRUE(seen_.checkpoints.Make().ok());
  const Operation::Progress moved =
      End(seen_.archiver.Start(world_.clock.Now(), "operator", ""));
  EXPECT_TRUE(moved.result.ok());
  EXPECT_FALSE(moved.archive.has_value());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(AuditLogTest, MovesNothingThatAWitnessHasNotSeen) {
  fs::remove_all(witness_);
  LogAndSign(10);
  EXPECT_FALSE(Archive().archive.has_value());
  EXPECT_EQ(Kept(), 11u);
}

TEST_F(AuditLogTest, RemovesNoLeafWhenTheFileCannotBeWritten) {
  LogAndSign(10);
  fs::remove_all(folder_);
  EXPECT_FALSE(Archive().result.ok());
  EXPECT_EQ(Kept(), 11u);
}

TEST_F(AuditLogTest, RemovesNoLeafForAFileOfAnother) {
  LogAndSign(10);
  const std::string name = seen_.signer.Verifier()->name + ".1-10.jsonl";
  std::ofstream(folder_ + "/" + name) << "something else\n";
  EXPECT_EQ(ReasonOf(Archive().result), "ALREADY_EXISTS");
  EXPECT_EQ(Kept(), 11u);
}

TEST_F(AuditLogTest, TakesTheFileThatAKilledRunLeft) {
  LogAndSign(10);
  // It had come to the file's name, and not to the commit.
  world_.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(Archive().result), "STORAGE_FULL");
  EXPECT_THAT(Files(), SizeIs(1));
  EXPECT_EQ(Kept(), 11u);
  world_.store->FailCommits(absl::OkStatus());
  // And another one not even to that.
  std::ofstream(folder_ + "/" + Files().front() + ".partial") << "half";
  ASSERT_TRUE(Archive().result.ok());
  EXPECT_THAT(Files(), SizeIs(1));
  EXPECT_EQ(Kept(), 2u);
}

TEST_F(AuditLogTest, IsArchivedByItselfOnceAnHour) {
  LogAndSign(10);
  auto keep = [this] {
    seen_.archiver.Keep();
    while (world_.operations->Running().has_value()) std::this_thread::yield();
  };
  keep();
  EXPECT_THAT(Files(), IsEmpty());
  world_.clock.Advance(absl::Hours(24));
  keep();
  EXPECT_THAT(Files(), SizeIs(1));
}

TEST_F(AuditLogTest, IsWhatItWas) {
  LogAndSign(1200);
  const Operation::Progress checked = Verify();
  EXPECT_TRUE(checked.result.ok()) << checked.result;
  EXPECT_EQ(checked.rows_done, 1201);
  EXPECT_GE(checked.checkpoints_checked, 2);
}

TEST_F(AuditLogTest, HasALeafThatWasTakenOut) {
  LogAndSign(20);
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveLeaves{7, 8});
  ASSERT_TRUE(world_.store->Commit(std::move(batch)).ok());
  const Operation::Progress checked = Verify();
  EXPECT_EQ(ReasonOf(checked.result), "AUDIT_LOG_BROKEN");
  EXPECT_THAT(checked.broken, ElementsAre(HasSubstr("auditEvents/7 is not"),
                                          HasSubstr("auditEvents/8 is not")));
}

TEST_F(AuditLogTest, HasATreeThatIsNotWhatWasSigned) {
  LogAndSign(20);
  AuditTile row = *world_.store->GetAuditTile(0, 0);
  row.hashes[6 * 32] = static_cast<char>(row.hashes[6 * 32] ^ 1);
  WriteBatch batch;
  batch.Update(row);
  ASSERT_TRUE(world_.store->Commit(std::move(batch)).ok());
  // Who has the row in memory finds it moved, and reads it anew.
  EXPECT_EQ(ReasonOf(seen_.checkpoints.Make().status()), "VERSION_CONFLICT");
  const Operation::Progress checked = Verify();
  EXPECT_EQ(ReasonOf(checked.result), "AUDIT_LOG_BROKEN");
  EXPECT_THAT(checked.broken,
              ::testing::IsSupersetOf(
                  {HasSubstr("auditEvents/7 is not what it was"),
                   HasSubstr("auditEvents/1 to 20 are not what was signed")}));
}

TEST_F(AuditLogTest, IsExportedInPieces) {
  LogAndSign(1300);
  const AuditRange range = *seen_.exporter.Choose(0, 0);
  std::string text;
  int pieces = 0;
  for (uint64_t next = range.first; next != 0; ++pieces) {
    auto piece = seen_.exporter.Read(range, next);
    ASSERT_TRUE(piece.ok()) << piece.status();
    text += piece->text;
    next = piece->next;
  }
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(
      std::count(text.begin(), text.end(), '\n'),
      1 + 1301 + static_cast<int>(world_.store->ListCheckpoints(0, 9)->size()));
}

TEST_F(AuditLogTest, HasNoLeavesBeyondItsEnds) {
  LogAndSign(10);
  ASSERT_TRUE(Archive().result.ok());
  for (const auto& [first, last] :
       {std::pair<uint64_t, uint64_t>{1, 0}, {99, 0}, {12, 11}, {0, 99}}) {
    EXPECT_EQ(ReasonOf(seen_.exporter.Choose(first, last).status()),
              "FIELD_INVALID")
        << first << " to " << last;
  }
  EXPECT_EQ(ReasonOf(seen_.exporter.Prove(99).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(seen_.exporter.Prove(3).status()), "NOT_FOUND");
  EXPECT_TRUE(seen_.exporter.Prove(11).ok());
}

}  // namespace
}  // namespace tokenvault
