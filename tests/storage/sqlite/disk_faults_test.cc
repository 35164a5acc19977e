// What the store does when the disk does not do its part.
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "storage/sqlite/sqlite_store.h"
#include "tests/storage/sqlite/failing_vfs.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

class DiskFaultsTest : public testing::Test {
 protected:
  void SetUp() override { Open(/*create=*/true); }

  void Open(bool create = false) {
    store_ = nullptr;
    auto store = SqliteStore::Open({path_, create}, disk_.name());
    ASSERT_THAT(store.status(), IsOk());
    store_ = *std::move(store);
  }

  absl::Status Append(const std::string& leaf = "{}") {
    WriteBatch batch;
    batch.Append(SampleEntry(leaf));
    return store_->Commit(std::move(batch));
  }

  size_t Entries() {
    auto entries = store_->ListAuditEntries({}, 1 << 20);
    EXPECT_THAT(entries.status(), IsOk());
    if (!entries.ok() || entries->empty()) return 0;
    EXPECT_EQ(entries->back().sequence, entries->size());
    return entries->size();
  }

  // Runs SQL behind the store's back, while it is open too.
  sqlite3* OpenBehind() {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    return db;
  }
  void Sql(sqlite3* db, const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(db);
  }

  FailingVfs disk_{"failing"};
  TempFolder folder_;
  std::string path_ = folder_.File("vault.db");
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(DiskFaultsTest, SaysStorageFullAndWorksAgainOnceThereIsRoom) {
  ASSERT_THAT(Append(), IsOk());
  disk_.write_error = SQLITE_FULL;
  EXPECT_THAT(Append(), HasErrorReason("STORAGE_FULL"));
  EXPECT_EQ(Entries(), 1u);
  disk_.write_error = SQLITE_OK;
  EXPECT_THAT(Append(), IsOk());
  EXPECT_EQ(Entries(), 2u);
}

TEST_F(DiskFaultsTest, FailsEveryBatchOfAGroupWhoseCommitFails) {
  Outcomes outcomes(3);
  {
    HeldWriter held(*store_);
    for (int i = 0; i < 3; ++i) {
      WriteBatch batch;
      batch.Append(SampleEntry());
      if (i == 1) batch.Update(SampleConnection());
      store_->Commit(std::move(batch), outcomes.Next(i));
    }
    disk_.write_error = SQLITE_IOERR_WRITE;
  }
  for (const auto& [label, status] : outcomes.Wait()) {
    EXPECT_THAT(status, HasErrorReason("STORAGE_FAILED")) << label;
    EXPECT_EQ(MetadataOf(status, "code"), std::to_string(SQLITE_IOERR_WRITE));
  }
  disk_.write_error = SQLITE_OK;
  EXPECT_THAT(Append(), IsOk());
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(DiskFaultsTest, NeverBelievesARetriedSync) {
  ASSERT_THAT(Append("kept"), IsOk());
  disk_.sync_error = SQLITE_IOERR_FSYNC;
  EXPECT_THAT(Append(), HasErrorReason("STORAGE_FAILED"));
  disk_.sync_error = SQLITE_OK;
  int writes = disk_.writes;
  EXPECT_THAT(Append(), HasErrorReason("STORAGE_FAILED"));
  EXPECT_EQ(disk_.writes, writes);
}

TEST_F(DiskFaultsTest, StillReadsAfterAFailedSync) {
  ASSERT_THAT(Append("kept"), IsOk());
  disk_.sync_error = SQLITE_IOERR_FSYNC;
  ASSERT_FALSE(Append().ok());
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(DiskFaultsTest, WritesAgainWhenReopenedAfterAFailedSync) {
  ASSERT_THAT(Append("kept"), IsOk());
  disk_.sync_error = SQLITE_IOERR_FSYNC;
  ASSERT_FALSE(Append("unsure").ok());
  disk_.sync_error = SQLITE_OK;
  Open();
  EXPECT_THAT(Append("after"), IsOk());
  auto entries = store_->ListAuditEntries({}, 9);
  ASSERT_THAT(entries.status(), IsOk());
  EXPECT_EQ(entries->front().leaf, "kept");
  EXPECT_EQ(entries->back().leaf, "after");
  EXPECT_EQ(entries->back().sequence, entries->size());
}

TEST_F(DiskFaultsTest, NeitherWritesNorSyncsWhileClosingAfterAFailedSync) {
  disk_.sync_error = SQLITE_IOERR_FSYNC;
  ASSERT_FALSE(Append().ok());
  disk_.sync_error = SQLITE_OK;
  int before = disk_.writes + disk_.syncs;
  store_ = nullptr;
  EXPECT_EQ(disk_.writes + disk_.syncs, before);
}

TEST_F(DiskFaultsTest, SaysStorageFailedForAReadThatFails) {
  ASSERT_THAT(Append(), IsOk());
  disk_.read_error = SQLITE_IOERR_READ;
  EXPECT_THAT(store_->GetSession("x").status(),
              HasErrorReason("STORAGE_FAILED"));
  disk_.read_error = SQLITE_OK;
  EXPECT_THAT(store_->GetSession("x").status(), HasErrorReason("NOT_FOUND"));
}

TEST_F(DiskFaultsTest, SyncsOnceForManyBatches) {
  ASSERT_THAT(Append(), IsOk());
  Outcomes outcomes(1000);
  int before = 0;
  {
    HeldWriter held(*store_);
    before = disk_.syncs;
    for (int i = 0; i < 1000; ++i) {
      WriteBatch batch;
      batch.Append(SampleEntry());
      store_->Commit(std::move(batch), outcomes.Next(i));
    }
  }
  outcomes.Wait();
  EXPECT_GE(disk_.syncs - before, 1);
  EXPECT_LE(disk_.syncs - before, 20);
}

TEST_F(DiskFaultsTest, SyncsBeforeItSaysDone) {
  for (int i = 0; i < 5; ++i) {
    int before = disk_.syncs;
    ASSERT_THAT(Append(), IsOk());
    EXPECT_GT(disk_.syncs, before);
  }
}

TEST_F(DiskFaultsTest, SaysStorageBusyWhileAnotherProgramWrites) {
  sqlite3* other = OpenBehind();
  Sql(other, "BEGIN IMMEDIATE");
  EXPECT_THAT(Append(), HasErrorReason("STORAGE_BUSY"));
  Sql(other, "COMMIT");
  sqlite3_close(other);
  EXPECT_THAT(Append(), IsOk());
}

TEST_F(DiskFaultsTest, SaysStorageCorruptForAStateThatDoesNotExist) {
  WriteBatch batch;
  batch.Insert(SampleConnection());
  ASSERT_THAT(store_->Commit(std::move(batch)), IsOk());
  sqlite3* other = OpenBehind();
  Sql(other, "PRAGMA ignore_check_constraints=1");
  Sql(other, "UPDATE connection SET state=9");
  sqlite3_close(other);
  EXPECT_THAT(
      store_->GetConnection(TenantId(kTenant), ConnectionId("c1")).status(),
      HasErrorReason("STORAGE_CORRUPT"));
  EXPECT_THAT(store_->CheckIntegrity(), HasErrorReason("STORAGE_CORRUPT"));
}

TEST_F(DiskFaultsTest, FindsAMissingAuditEntry) {
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Append(), IsOk());
  ASSERT_THAT(store_->CheckIntegrity(), IsOk());
  sqlite3* other = OpenBehind();
  Sql(other, "DELETE FROM audit WHERE sequence=2");
  sqlite3_close(other);
  EXPECT_THAT(store_->CheckIntegrity(), HasErrorReason("STORAGE_CORRUPT"));
}

TEST_F(DiskFaultsTest, RefusesAFileWithAPageOfGarbage) {
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(Append(std::string(500, 'x')), IsOk());
  }
  store_ = nullptr;
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    // Behind the tables' roots, where the rows are.
    file.seekp(static_cast<int64_t>(std::filesystem::file_size(path_)) -
               2 * 4096);
    file << std::string(4096, '\xa5');
  }
  EXPECT_THAT(SqliteStore::Open({path_, false}).status(),
              HasErrorReason("STORAGE_CORRUPT"));
}

// Whatever bit flips, the answer is a row or a reason; never a crash.
TEST_F(DiskFaultsTest, HasAReasonForEveryFlippedBit) {
  WriteBatch batch;
  batch.Insert(SampleConnection());
  batch.Insert(SampleGrant());
  batch.Append(SampleEntry());
  ASSERT_THAT(store_->Commit(std::move(batch)), IsOk());
  store_ = nullptr;
  std::ifstream in(path_, std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(in), {});
  int refused = 0;
  for (size_t round = 0; round < 150; ++round) {
    std::string bad = good;
    // Half of them in the header and the schema, the rest anywhere.
    size_t span = round % 2 == 0 ? 4096 : bad.size();
    bad[(round * 7919) % span] ^= static_cast<char>(1 << (round % 8));
    std::ofstream(path_, std::ios::binary) << bad;
    auto store = SqliteStore::Open({path_, false});
    if (!store.ok()) {
      ++refused;
      EXPECT_NE(ReasonOf(store.status()), "") << store.status();
      continue;
    }
    auto found = (*store)->GetConnection(TenantId(kTenant), ConnectionId("c1"));
    EXPECT_TRUE(found.ok() || !ReasonOf(found.status()).empty());
    absl::Status whole = (*store)->CheckIntegrity();
    EXPECT_TRUE(whole.ok() || !ReasonOf(whole).empty());
  }
  EXPECT_GT(refused, 0);
}

TEST_F(DiskFaultsTest, LeavesNothingOfARemovedRowOnTheDisk) {
  WebSession session = SampleSession();
  session.display_name = "a name that is to be forgotten";
  WriteBatch insert;
  insert.Insert(session);
  ASSERT_THAT(store_->Commit(std::move(insert)), IsOk());
  WriteBatch remove;
  remove.Remove(WriteBatch::RemoveSession{session.id_hash});
  ASSERT_THAT(store_->Commit(std::move(remove)), IsOk());
  store_ = nullptr;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    std::ifstream in(file.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_EQ(bytes.find(session.display_name), std::string::npos)
        << file.path();
  }
}

// A real disk that is full, where this user may make one.
TEST(FullDiskTest, RefusesToWriteUntilThereIsRoom) {
  TempFolder folder;
  if (unshare(CLONE_NEWNS) != 0 ||
      mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m,mode=700") !=
          0) {
    GTEST_SKIP() << "needs the right to mount a small tmpfs";
  }
  {
    auto store = OpenStore({folder.File("vault.db"), /*create=*/true});
    ASSERT_THAT(store.status(), IsOk());
    const std::string ballast = folder.File("ballast");
    std::ofstream(ballast) << std::string(1 << 20, 'x');
    absl::Status status;
    uint64_t kept = 0;
    while (status.ok() && kept < 10000) {
      WriteBatch batch;
      batch.Append(SampleEntry(std::string(4000, 'x')));
      status = (*store)->Commit(std::move(batch));
      if (status.ok()) ++kept;
    }
    EXPECT_THAT(status, HasErrorReason("STORAGE_FULL"));
    std::filesystem::remove(ballast);
    WriteBatch batch;
    batch.Append(SampleEntry("last"));
    EXPECT_THAT((*store)->Commit(std::move(batch)), IsOk());
    auto last = (*store)->ListLastAuditEntries({}, 1);
    ASSERT_THAT(last.status(), IsOk());
    EXPECT_EQ(last->at(0).leaf, "last");
    EXPECT_EQ(last->at(0).sequence, kept + 1);
  }
  EXPECT_EQ(umount(folder.path().c_str()), 0);
}

}  // namespace
}  // namespace tokenvault
