#include "storage/sqlite/schema.h"

#include <memory>
#include <string>
#include <vector>

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

TEST_F(SchemaTest, HoldsOnlyStrictTables) {
  ASSERT_THAT(PrepareSchema(*connection_, SchemaFiles(), true), IsOk());
  EXPECT_EQ(Number("SELECT count(*) FROM pragma_table_list"
                   " WHERE NOT strict AND name NOT LIKE 'sqlite_%'"),
            0);
}

}  // namespace
}  // namespace tokenvault
