#include "storage/sqlite/connection.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>

#include "storage/sqlite/statement.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

using Role = SqliteConnection::Role;

class ConnectionTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteConnection> Open(Role role) {
    auto connection = SqliteConnection::Open(path_, role);
    EXPECT_THAT(connection.status(), IsOk());
    return connection.ok() ? *std::move(connection) : nullptr;
  }
  std::unique_ptr<SqliteConnection> OpenWriter() {
    std::ofstream(path_, std::ios::app);
    auto writer = Open(Role::kWriter);
    EXPECT_THAT(writer->RunScript("CREATE TABLE t (x INTEGER)"), IsOk());
    EXPECT_THAT(writer->UseWriteAheadLog(), IsOk());
    return writer;
  }
  static std::string Pragma(SqliteConnection& connection,
                            const std::string& name) {
    Statement statement(connection, "PRAGMA " + name);
    auto found = statement.Step();
    EXPECT_TRUE(found.ok() && *found) << name;
    return name == "journal_mode" ? statement.TakeText()
                                  : std::to_string(statement.TakeInt());
  }

  TempFolder folder_;
  std::string path_ = folder_.File("t.db");
};

TEST_F(ConnectionTest, WritesWithTheSettingsThatThePromisesNeed) {
  auto writer = OpenWriter();
  EXPECT_EQ(Pragma(*writer, "journal_mode"), "wal");
  EXPECT_EQ(Pragma(*writer, "synchronous"), "2");
  EXPECT_EQ(Pragma(*writer, "secure_delete"), "1");
  EXPECT_EQ(Pragma(*writer, "trusted_schema"), "0");
  EXPECT_EQ(Pragma(*writer, "cell_size_check"), "1");
  EXPECT_EQ(Pragma(*writer, "foreign_keys"), "1");
  EXPECT_EQ(Pragma(*writer, "mmap_size"), "0");
  EXPECT_EQ(Pragma(*writer, "temp_store"), "2");
  EXPECT_EQ(Pragma(*writer, "wal_autocheckpoint"), "0");
}

TEST_F(ConnectionTest, ReadsWithTheSameDistrust) {
  auto writer = OpenWriter();
  auto reader = Open(Role::kReader);
  EXPECT_EQ(Pragma(*reader, "journal_mode"), "wal");
  EXPECT_EQ(Pragma(*reader, "trusted_schema"), "0");
  EXPECT_EQ(Pragma(*reader, "cell_size_check"), "1");
  EXPECT_EQ(Pragma(*reader, "mmap_size"), "0");
  EXPECT_EQ(Pragma(*reader, "query_only"), "1");
  EXPECT_EQ(Pragma(*reader, "wal_autocheckpoint"), "0");
}

TEST_F(ConnectionTest, RefusesToWriteThroughAReader) {
  auto writer = OpenWriter();
  auto reader = Open(Role::kReader);
  EXPECT_THAT(reader->Run("INSERT INTO t VALUES (1)"),
              HasErrorReason("STORAGE_FAILED"));
}

TEST_F(ConnectionTest, RefusesToLoadCode) {
  auto writer = OpenWriter();
  EXPECT_FALSE(writer->Run("SELECT load_extension('x')").ok());
}

TEST_F(ConnectionTest, RefusesToChangeTheSchemaBehindItsBack) {
  auto writer = OpenWriter();
  ASSERT_THAT(writer->Run("PRAGMA writable_schema=1"), IsOk());
  EXPECT_FALSE(writer->Run("UPDATE sqlite_schema SET sql='x'").ok());
}

TEST_F(ConnectionTest, TakesNoDoubleQuotesForText) {
  auto writer = OpenWriter();
  EXPECT_FALSE(writer->Run("SELECT \"no such column\" FROM t").ok());
}

TEST_F(ConnectionTest, CountsThePagesOfTheLog) {
  auto writer = OpenWriter();
  EXPECT_EQ(writer->log_pages(), 0);
  ASSERT_THAT(writer->Run("INSERT INTO t VALUES (1)"), IsOk());
  EXPECT_GT(writer->log_pages(), 0);
  ASSERT_THAT(writer->Checkpoint(/*truncate=*/true), IsOk());
  EXPECT_EQ(writer->log_pages(), 0);
  struct stat info;
  ASSERT_EQ(stat((path_ + "-wal").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 0);
}

TEST_F(ConnectionTest, NeedsTheFileToBeThere) {
  EXPECT_THAT(SqliteConnection::Open(path_, Role::kWriter).status(),
              HasErrorReason("STORAGE_FAILED"));
}

}  // namespace
}  // namespace tokenvault
