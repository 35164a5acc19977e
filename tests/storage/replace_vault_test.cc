#include "storage/replace_vault.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "storage/open_store.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class ReplaceVaultTest : public testing::Test {
 protected:
  // A vault that can be told by its id.
  static void Make(const std::string& path, char id) {
    auto store = OpenStore({path, /*create=*/true});
    ASSERT_THAT(store.status(), IsOk());
    WriteBatch batch;
    batch.Insert(Deployment{std::string(16, id), At(1)});
    ASSERT_THAT((*store)->Commit(std::move(batch)), IsOk());
  }
  static std::string IdAt(const std::string& path) {
    auto store = OpenStore({path, /*create=*/false});
    if (!store.ok()) return std::string(store.status().message());
    return (*store)->GetDeployment()->id.substr(0, 1);
  }
  void Touch(const std::string& name) {
    std::ofstream(folder_.File(name)) << name;
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("vault.db");
  const std::string next_ = folder_.File("next.db");
  const std::string aside_ = folder_.File("aside.db");
};

TEST_F(ReplaceVaultTest, PutsOneWhereNoneIs) {
  Make(next_, 'n');
  auto names = ReplaceVault(next_, path_, aside_, nullptr);
  ASSERT_THAT(names.status(), IsOk());
  EXPECT_TRUE(names->empty());
  EXPECT_EQ(IdAt(path_), "n");
}

TEST_F(ReplaceVaultTest, SetsAsideTheOneThatIsOpen) {
  Make(path_, 'o');
  Make(next_, 'n');
  Touch("vault.db.checkpoint");
  Touch("vault.db.landing");
  {
    auto old = OpenStore({path_, /*create=*/false});
    ASSERT_THAT(old.status(), IsOk());
    ASSERT_THAT(ReplaceVault(next_, path_, aside_, old->get()).status(),
                IsOk());
  }
  EXPECT_EQ(IdAt(path_), "n");
  EXPECT_EQ(IdAt(aside_), "o");
  EXPECT_TRUE(fs::exists(aside_ + ".checkpoint"));
  EXPECT_TRUE(fs::exists(aside_ + ".landing"));
  EXPECT_FALSE(fs::exists(path_ + ".checkpoint"));
  EXPECT_FALSE(fs::exists(path_ + ".landing"));
}

TEST_F(ReplaceVaultTest, TakesWhatIsInTheLogAlong) {
  Make(path_, 'o');
  Make(next_, 'n');
  {
    auto old = OpenStore({path_, /*create=*/false});
    ASSERT_THAT(old.status(), IsOk());
    WriteBatch batch;
    batch.Append(SampleEntry("the last"));
    ASSERT_THAT((*old)->Commit(std::move(batch)), IsOk());
    ASSERT_THAT(ReplaceVault(next_, path_, aside_, old->get()).status(),
                IsOk());
  }
  auto set_aside = OpenStore({aside_, /*create=*/false});
  ASSERT_THAT(set_aside.status(), IsOk());
  EXPECT_EQ((*set_aside)->ListAuditEntries({}, 9)->size(), 1u);
}

TEST_F(ReplaceVaultTest, SetsAsideWhatCannotBeOpenedAndItsLog) {
  std::ofstream(path_) << "no database";
  fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);
  std::ofstream(path_ + "-wal") << "a log of something else";
  fs::permissions(path_ + "-wal",
                  fs::perms::owner_read | fs::perms::owner_write);
  Make(next_, 'n');
  auto names = ReplaceVault(next_, path_, aside_, nullptr);
  ASSERT_THAT(names.status(), IsOk());
  EXPECT_THAT(*names, ElementsAre(aside_, aside_ + "-wal"));
  EXPECT_EQ(IdAt(path_), "n");
}

// Somebody removed the database, and nothing but it.
TEST_F(ReplaceVaultTest, ReadsNoLogThatWasLeftBehind) {
  std::ofstream(path_ + "-wal") << "a log of something else";
  Touch("vault.db.landing");
  Make(next_, 'n');
  auto names = ReplaceVault(next_, path_, aside_, nullptr);
  ASSERT_THAT(names.status(), IsOk());
  EXPECT_THAT(*names, ElementsAre(aside_ + "-wal", aside_ + ".landing"));
  EXPECT_FALSE(fs::exists(path_ + "-wal"));
  EXPECT_FALSE(fs::exists(path_ + ".landing"));
  EXPECT_EQ(IdAt(path_), "n");
}

TEST_F(ReplaceVaultTest, LeavesAVaultThatAnotherHolds) {
  Make(path_, 'o');
  Make(next_, 'n');
  {
    auto old = OpenStore({path_, /*create=*/false});
    EXPECT_THAT(ReplaceVault(next_, path_, aside_, nullptr).status(),
                HasErrorReason("STORAGE_BUSY"));
  }
  EXPECT_EQ(IdAt(path_), "o");
  EXPECT_FALSE(fs::exists(aside_));
}

TEST_F(ReplaceVaultTest, OverwritesNothingThatWasSetAsideBefore) {
  Make(path_, 'o');
  Make(next_, 'n');
  Touch("vault.db.landing");
  Touch("aside.db.landing");
  {
    auto old = OpenStore({path_, /*create=*/false});
    EXPECT_THAT(ReplaceVault(next_, path_, aside_, old->get()).status(),
                HasErrorReason("ALREADY_EXISTS"));
  }
  EXPECT_EQ(IdAt(path_), "o");
  EXPECT_FALSE(fs::exists(aside_));
}

}  // namespace
}  // namespace tokenvault
