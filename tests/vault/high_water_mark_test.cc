#include "vault/high_water_mark.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open_store.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

class HighWaterMarkTest : public ::testing::Test {
 protected:
  void Log(int leaves) {
    WriteBatch batch;
    for (int i = 0; i < leaves; ++i) {
      AuditEvent event;
      event.kind = audit_kind::kConfigReloaded;
      event.actor = "operator";
      batch.Append(MakeAuditEntry(event, world_.clock.Now()));
    }
    ASSERT_TRUE(world_.store->Commit(std::move(batch)).ok());
  }
  std::string Text() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The database as it is now.
  std::unique_ptr<Store> Copy() {
    const std::string path =
        world_.folder.File("copy-" + std::to_string(++copies_));
    EXPECT_TRUE(
        world_.store
            ->CopyTo(path, [](int64_t, int64_t) { return absl::OkStatus(); })
            .ok());
    return *OpenStore({path, /*create=*/false});
  }
  absl::Status CheckOf(const Store& store) {
    return HighWaterMark(world_.clock, store, *world_.keys, path_).Check();
  }

  VaultWorld world_;
  int copies_ = 0;
  const std::string path_ = world_.folder.File("vault.db.highwater");
  HighWaterMark mark_{world_.clock, *world_.store, *world_.keys, path_};
};

TEST_F(HighWaterMarkTest, IsContentWithoutAMark) {
  Log(3);
  EXPECT_TRUE(mark_.Check().ok());
}

TEST_F(HighWaterMarkTest, IsContentWithTheDatabaseItWasMadeOf) {
  ASSERT_TRUE(mark_.Write().ok());
  EXPECT_TRUE(mark_.Check().ok());
  Log(3);
  ASSERT_TRUE(mark_.Write().ok());
  EXPECT_TRUE(mark_.Check().ok());
  Log(3);
  EXPECT_TRUE(mark_.Check().ok());
}

TEST_F(HighWaterMarkTest, RefusesAnOlderCopy) {
  Log(3);
  auto older = Copy();
  Log(1);
  ASSERT_TRUE(mark_.Write().ok());
  absl::Status refused = CheckOf(*older);
  EXPECT_EQ(ReasonOf(refused), "DATABASE_ROLLED_BACK");
  EXPECT_THAT(std::string(refused.message()),
              ::testing::HasSubstr("ends with leaf 3, and had 4 already"));
}

TEST_F(HighWaterMarkTest, RefusesAnOlderCopyThatWentOnByItself) {
  Log(3);
  auto older = Copy();
  Log(1);
  ASSERT_TRUE(mark_.Write().ok());
  for (int i = 0; i < 5; ++i) {
    AuditEvent event;
    event.kind = audit_kind::kVaultStarted;
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, world_.clock.Now()));
    ASSERT_TRUE(older->Commit(std::move(batch)).ok());
  }
  EXPECT_EQ(ReasonOf(CheckOf(*older)), "DATABASE_ROLLED_BACK");
}

TEST_F(HighWaterMarkTest, RefusesAMarkThatWasChanged) {
  Log(12);
  ASSERT_TRUE(mark_.Write().ok());
  const std::string good = Text();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    std::ofstream(path_, std::ios::trunc) << changed;
    // Another deployment's is another matter.
    if (changed.substr(0, 80).find("\ndeployment ") != std::string::npos &&
        changed.find(good.substr(good.find("\naudit"))) != std::string::npos &&
        changed.compare(0, 41, good, 0, 41) == 0) {
      continue;
    }
    EXPECT_EQ(ReasonOf(mark_.Check()), "DATABASE_ROLLED_BACK") << changed;
  }
  std::ofstream(path_, std::ios::trunc) << "";
  EXPECT_EQ(ReasonOf(mark_.Check()), "DATABASE_ROLLED_BACK");
}

TEST_F(HighWaterMarkTest, TakesNoMarkOfAnotherVaultForItsOwn) {
  VaultWorld other;
  HighWaterMark theirs(other.clock, *other.store, *other.keys, path_);
  ASSERT_TRUE(theirs.Write().ok());
  EXPECT_TRUE(mark_.Check().ok());
}

TEST_F(HighWaterMarkTest, IsWrittenEveryTenSecondsWhileThereIsNews) {
  Log(1);
  mark_.Keep();
  const std::string first = Text();
  EXPECT_NE(first, "");
  Log(1);
  mark_.Keep();
  EXPECT_EQ(Text(), first);
  world_.clock.Advance(HighWaterMark::kEvery);
  mark_.Keep();
  EXPECT_NE(Text(), first);
}

TEST_F(HighWaterMarkTest, IsWrittenEveryThousandLeaves) {
  Log(1);
  mark_.Keep();
  const std::string first = Text();
  Log(999);
  mark_.Keep();
  EXPECT_EQ(Text(), first);
  Log(1);
  mark_.Keep();
  EXPECT_NE(Text(), first);
}

}  // namespace
}  // namespace tokenvault
