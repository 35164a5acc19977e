#include "storage/sqlite/schema.h"

#include <memory>
#include <string>
#include <vector>

#include "storage/sqlite/statement.h"
#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    auto connection =
        SqliteConnection::Open("", SqliteConnection::Role::kMemory);
    ASSERT_THAT(connection.status(), IsOk());
    connection_ = *std::move(connection);
  }
  int64_t Number(const std::string& sql) {
    auto number = connection_->Number(sql);
    EXPECT_THAT(number.status(), IsOk());
    return number.ok() ? *number : -1;
  }

  std::unique_ptr<SqliteConnection> connection_;
  const EmbeddedFile first_{"0001_a.sql", "CREATE TABLE a (x INTEGER)"};
  const EmbeddedFile second_{"0002_b.sql",
                             "INSERT INTO a VALUES (1);\n"
                             "INSERT INTO a VALUES (2);"};
  const EmbeddedFile broken_{"0002_b.sql",
                             "INSERT INTO a VALUES (1);\n"
                             "INSERT INTO nowhere VALUES (2);"};
};

TEST_F(SchemaTest, MakesABlankDatabaseAVault) {
  ASSERT_THAT(PrepareSchema(*connection_, SchemaFiles(), true), IsOk());
  EXPECT_EQ(Number("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(Number("PRAGMA user_version"),
            static_cast<int64_t>(SchemaFiles().size()));
}

TEST_F(SchemaTest, LeavesABlankDatabaseBlankUnlessAsked) {
  EXPECT_THAT(PrepareSchema(*connection_, {first_}, false),
              HasErrorReason("STORAGE_NOT_INITIALIZED"));
  EXPECT_EQ(Number("SELECT count(*) FROM sqlite_schema"), 0);
}

TEST_F(SchemaTest, BringsAnOlderVaultUpToDate) {
  ASSERT_THAT(PrepareSchema(*connection_, {first_}, true), IsOk());
  ASSERT_THAT(PrepareSchema(*connection_, {first_, second_}, false), IsOk());
  EXPECT_EQ(Number("SELECT count(*) FROM a"), 2);
  EXPECT_EQ(Number("PRAGMA user_version"), 2);
}

TEST_F(SchemaTest, AppliesAStepOnce) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(PrepareSchema(*connection_, {first_, second_}, true), IsOk());
  }
  EXPECT_EQ(Number("SELECT count(*) FROM a"), 2);
}

TEST_F(SchemaTest, UndoesAStepThatFails) {
  ASSERT_THAT(PrepareSchema(*connection_, {first_}, true), IsOk());
  EXPECT_FALSE(PrepareSchema(*connection_, {first_, broken_}, false).ok());
  EXPECT_FALSE(connection_->InTransaction());
  EXPECT_EQ(Number("SELECT count(*) FROM a"), 0);
  EXPECT_EQ(Number("PRAGMA user_version"), 1);
}

// The step to version 3 makes the table of master keys anew, which two others
// refer to.
TEST_F(SchemaTest, KeepsTheKeysOfAVaultOfVersionTwo) {
  const std::vector<EmbeddedFile>& all = SchemaFiles();
  ASSERT_GE(all.size(), 3u);
  ASSERT_THAT(PrepareSchema(*connection_, {all.begin(), all.begin() + 2}, true),
              IsOk());
  ASSERT_THAT(
      connection_->RunScript(
          "INSERT INTO root_source VALUES ('file', 'file', '', 1);"
          "INSERT INTO kek VALUES (1, x'01', 3, 10, 11, 5);"
          "INSERT INTO kek VALUES (2, x'02', 2, 20, 21, 6);"
          "INSERT INTO kek_wrap VALUES (1, 'file', x'aa'), (2, 'file', x'bb');"
          "INSERT INTO dek VALUES ('t', 'u', x'03', 1, 2, x'cc', 30, 7)"),
      IsOk());
  ASSERT_THAT(PrepareSchema(*connection_, all, false), IsOk());
  EXPECT_EQ(Number("SELECT count(*) FROM kek WHERE proof=''"), 2);
  EXPECT_EQ(Number("SELECT version FROM kek WHERE version_number=1"), 5);
  EXPECT_EQ(Number("SELECT count(*) FROM kek_wrap"), 2);
  EXPECT_EQ(Number("SELECT count(*) FROM dek"), 1);
  // And what they refer to is looked after as before.
  EXPECT_EQ(Number("PRAGMA foreign_keys"), 1);
  EXPECT_EQ(Number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
  EXPECT_FALSE(
      connection_->RunScript("INSERT INTO kek_wrap VALUES (9, 'file', x'dd')")
          .ok());
  EXPECT_FALSE(
      connection_->RunScript("DELETE FROM kek WHERE version_number=2").ok());
  EXPECT_FALSE(
      connection_
          ->RunScript("INSERT INTO kek VALUES (3, x'03', 2, 1, 1, 1, '', 1, "
                      "1, 1)")
          .ok());
}

TEST_F(SchemaTest, HoldsOnlyStrictTables) {
  ASSERT_THAT(PrepareSchema(*connection_, SchemaFiles(), true), IsOk());
  EXPECT_EQ(Number("SELECT count(*) FROM pragma_table_list"
                   " WHERE NOT strict AND name NOT LIKE 'sqlite_%'"),
            0);
}

// For some conditions of an index SQLite makes a table of its own at each row
// that is written: more work than all the rest of a leaf.
TEST_F(SchemaTest, WritesALeafWithoutATableOfItsOwn) {
  ASSERT_THAT(PrepareSchema(*connection_, SchemaFiles(), true), IsOk());
  Statement explain(*connection_,
                    "EXPLAIN INSERT INTO audit (tenant, time, kind, leaf)"
                    " VALUES (?, ?, ?, ?)");
  std::vector<std::string> opcodes;
  while (true) {
    auto found = explain.Step();
    ASSERT_THAT(found.status(), IsOk());
    if (!*found) break;
    explain.TakeInt();  // its address
    opcodes.push_back(explain.TakeText());
  }
  EXPECT_THAT(opcodes, testing::Contains("IdxInsert"));
  EXPECT_THAT(opcodes, testing::Not(testing::Contains("OpenEphemeral")));
}

}  // namespace
}  // namespace tokenvault
