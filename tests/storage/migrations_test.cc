#include "storage/migrations.h"

#include <string>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

const std::vector<EmbeddedFile>& ThreeFiles() {
  static const auto* const kFiles =
      new std::vector<EmbeddedFile>{{"0002_more.sql", "two"},
                                    {"0001_initial.sql", "one"},
                                    {"0003_last.sql", "three"}};
  return *kFiles;
}

std::vector<std::string> Steps(int current) {
  std::vector<std::string> steps;
  auto pending = PendingMigrations(ThreeFiles(), current);
  EXPECT_TRUE(pending.ok()) << pending.status();
  if (!pending.ok()) return steps;
  for (const Migration& m : *pending) {
    steps.push_back(std::to_string(m.version) + m.sql);
  }
  return steps;
}

TEST(MigrationsTest, StartWithTheFirstForABlankDatabase) {
  EXPECT_THAT(Steps(0), testing::ElementsAre("1one", "2two", "3three"));
}

TEST(MigrationsTest, GoOnWhereTheDatabaseStands) {
  EXPECT_THAT(Steps(2), testing::ElementsAre("3three"));
}

TEST(MigrationsTest, AreNoneForADatabaseThatIsUpToDate) {
  EXPECT_THAT(Steps(3), testing::IsEmpty());
}

TEST(MigrationsTest, RefuseANewerDatabase) {
  EXPECT_TRUE(HasReason(PendingMigrations(ThreeFiles(), 4).status(),
                        "STORAGE_FOREIGN"));
}

TEST(MigrationsTest, RefuseAGapAmongTheFiles) {
  EXPECT_TRUE(HasReason(
      PendingMigrations({{"0001_a.sql", ""}, {"0003_b.sql", ""}}, 0).status(),
      "INTERNAL"));
}

TEST(MigrationsTest, RefuseAFileWithoutAVersion) {
  EXPECT_TRUE(HasReason(PendingMigrations({{"initial.sql", ""}}, 0).status(),
                        "INTERNAL"));
}

}  // namespace
}  // namespace tokenvault
