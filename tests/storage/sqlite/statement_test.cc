#include "storage/sqlite/statement.h"

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "storage/records.h"
#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

class StatementTest : public testing::Test {
 protected:
  void SetUp() override {
    auto connection =
        SqliteConnection::Open("", SqliteConnection::Role::kMemory);
    ASSERT_THAT(connection.status(), IsOk());
    connection_ = *std::move(connection);
  }

  // Reads the only column of `sql`, and answers what came of it.
  template <typename Take>
  absl::Status Read(const std::string& sql, Take take) {
    Statement statement(*connection_, sql);
    EXPECT_THAT(statement.Step().status(), IsOk());
    take(statement);
    return statement.status();
  }

  std::unique_ptr<SqliteConnection> connection_;
};

TEST_F(StatementTest, BindsAndReadsEveryType) {
  Statement echo(*connection_, "SELECT ?, ?, ?, ?, ?");
  echo.Text(std::string("a\0b", 3));
  echo.Blob("");
  echo.Int(-5);
  echo.Time(absl::InfinitePast());
  echo.Scopes({"b", "a"});
  auto found = echo.Step();
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ(echo.TakeText(), std::string("a\0b", 3));
  EXPECT_EQ(echo.TakeBlob(), "");
  EXPECT_EQ(echo.TakeInt(), -5);
  EXPECT_EQ(echo.TakeTime(), absl::InfinitePast());
  EXPECT_EQ(echo.TakeScopes(), ScopeSet({"a", "b"}));
  EXPECT_THAT(echo.status(), IsOk());
}

TEST_F(StatementTest, CutsTimesToMicroseconds) {
  absl::Time time = absl::FromUnixMicros(1234567) + absl::Nanoseconds(89);
  Statement echo(*connection_, "SELECT ?");
  echo.Time(time);
  ASSERT_THAT(echo.Step().status(), IsOk());
  EXPECT_EQ(echo.TakeTime(), absl::FromUnixMicros(1234567));
}

TEST_F(StatementTest, RefusesAValueOfAnotherType) {
  EXPECT_THAT(Read("SELECT 1", [](Statement& s) { s.TakeText(); }),
              HasErrorReason("STORAGE_CORRUPT"));
  EXPECT_THAT(Read("SELECT 'x'", [](Statement& s) { s.TakeBlob(); }),
              HasErrorReason("STORAGE_CORRUPT"));
  EXPECT_THAT(Read("SELECT NULL", [](Statement& s) { s.TakeInt(); }),
              HasErrorReason("STORAGE_CORRUPT"));
}

TEST_F(StatementTest, RefusesANumberOutOfItsRange) {
  EXPECT_THAT(Read("SELECT -1", [](Statement& s) { s.TakeUint64(); }),
              HasErrorReason("STORAGE_CORRUPT"));
  EXPECT_THAT(Read("SELECT 4294967296", [](Statement& s) { s.TakeUint32(); }),
              HasErrorReason("STORAGE_CORRUPT"));
  EXPECT_THAT(Read("SELECT 2", [](Statement& s) { s.TakeBool(); }),
              HasErrorReason("STORAGE_CORRUPT"));
}

TEST_F(StatementTest, RefusesAStateThatDoesNotExist) {
  for (const char* sql : {"SELECT 0", "SELECT 4"}) {
    KekState state = KekState::kPending;
    EXPECT_THAT(
        Read(sql, [&](Statement& s) { s.Take(state, KekState::kDecryptOnly); }),
        HasErrorReason("STORAGE_CORRUPT"));
  }
}

TEST_F(StatementTest, KeepsTheFirstErrorAndGoesOnHarmlessly) {
  Statement broken(*connection_, "SELECT FROM WHERE");
  broken.Text("x");
  EXPECT_THAT(broken.Run(), HasErrorReason("STORAGE_FAILED"));
  EXPECT_EQ(broken.TakeText(), "");
}

TEST_F(StatementTest, StartsFreshWhenItsTextIsUsedAgain) {
  for (int value : {1, 2}) {
    Statement echo(*connection_, "SELECT ?");
    echo.Int(value);
    ASSERT_THAT(echo.Step().status(), IsOk());
    EXPECT_EQ(echo.TakeInt(), value);
  }
}

TEST_F(StatementTest, LendsOneTextTwiceAtATime) {
  Statement first(*connection_, "SELECT ?");
  Statement second(*connection_, "SELECT ?");
  first.Int(1);
  second.Int(2);
  ASSERT_THAT(first.Step().status(), IsOk());
  ASSERT_THAT(second.Step().status(), IsOk());
  EXPECT_EQ(first.TakeInt(), 1);
  EXPECT_EQ(second.TakeInt(), 2);
}

}  // namespace
}  // namespace tokenvault
