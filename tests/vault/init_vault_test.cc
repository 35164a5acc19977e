#include "vault/init_vault.h"

#include <memory>
#include <string>
#include <utility>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open_store.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

class InitVaultTest : public ::testing::Test {
 protected:
  std::shared_ptr<const RootKey> Root() {
    auto root =
        RootKey::FromFile(*world_.arena, world_.folder.File("root.key"));
    EXPECT_TRUE(root.ok()) << root.status();
    return std::make_shared<const RootKey>(*std::move(root));
  }
  absl::Status Init(Store& store) {
    RootSource source;
    source.id = "file";
    source.kind = "file";
    source.create_time = world_.clock.Now();
    return InitVault(store, *world_.arena, *Root(), source, world_.clock.Now());
  }

  VaultWorld world_;
};

TEST_F(InitVaultTest, LeavesAVaultThatOpens) {
  auto store = OpenStore({":memory:", true});
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(ReasonOf(KeyKeeper::Open(**store, *world_.arena, *Root(), "file",
                                     world_.clock)
                         .status()),
            "STORAGE_NOT_INITIALIZED");
  ASSERT_EQ(Init(**store), absl::OkStatus());
  auto keys =
      KeyKeeper::Open(**store, *world_.arena, *Root(), "file", world_.clock);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_NE((*keys)->deployment_id(), world_.keys->deployment_id());
}

TEST_F(InitVaultTest, MakesNoVaultOverAnother) {
  EXPECT_EQ(ReasonOf(Init(*world_.store)), "ALREADY_EXISTS");
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(1));
}

TEST_F(InitVaultTest, LeavesNothingBehindWhenItFails) {
  auto real = OpenStore({":memory:", true});
  ASSERT_TRUE(real.ok());
  FaultyStore store(*std::move(real));
  store.FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(Init(store)), "STORAGE_FULL");
  EXPECT_EQ(ReasonOf(store.GetDeployment().status()), "NOT_FOUND");
  store.FailCommits(absl::OkStatus());
  EXPECT_EQ(Init(store), absl::OkStatus());
}

}  // namespace
}  // namespace tokenvault
