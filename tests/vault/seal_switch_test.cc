#include "vault/seal_switch.h"

#include <future>
#include <string>
#include <utility>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class SealSwitchTest : public ::testing::Test {
 protected:
  absl::Status Unseal(const std::string& source = "") {
    return world_.seal->Unseal(source, Secret());
  }

  VaultWorld world_;
};

TEST_F(SealSwitchTest, HoldsNoKeyOnceItIsSealed) {
  world_.ConnectCalendar();
  ASSERT_GT(world_.seal->keys_in_memory(), 0);
  EXPECT_EQ(world_.seal->opened_by(), "file");
  auto held = world_.seal->Seal();
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(world_.arena->used(), 0);
  EXPECT_TRUE(world_.seal->sealed());
  EXPECT_EQ(world_.seal->opened_by(), "");
  EXPECT_THAT(world_.Audit("vault.sealed"), SizeIs(1));
}

TEST_F(SealSwitchTest, RefusesWhatNeedsAKey) {
  ASSERT_TRUE(world_.seal->Seal().ok());
  EXPECT_EQ(ReasonOf(world_.keys->SealerFor(TenantId("acme"), "u-x").status()),
            "VAULT_SEALED");
  EXPECT_EQ(ReasonOf(world_.keys->Lookup("session", "x").status()),
            "VAULT_SEALED");
  EXPECT_EQ(ReasonOf(world_.keys->Derive("link", "x").status()),
            "VAULT_SEALED");
  EXPECT_EQ(
      ReasonOf(
          world_.keys->UserOf(TenantId("acme"), "https://idp.acme.test", "ana")
              .status()),
      "VAULT_SEALED");
  EXPECT_EQ(ReasonOf(world_.rotation->Start(0, "").status()), "VAULT_SEALED");
  EXPECT_EQ(
      ReasonOf(world_.rotation->Verify(CensusDepth::kOneRecordEach).status()),
      "VAULT_SEALED");
}

TEST_F(SealSwitchTest, StaysSealedWhenTheDatabaseIsNotToBeBelieved) {
  world_.keys->Seal();
  bool followed = false;
  SealSwitch seal(
      world_.clock, *world_.store, *world_.arena, *world_.keys, *world_.sources,
      *world_.operations,
      SealSwitch::Hooks{.checked =
                            [this] {
                              // With the keys at hand.
                              EXPECT_FALSE(world_.keys->sealed());
                              return errors::DatabaseRolledBack("leaf 3");
                            },
                        .opened =
                            [&followed] {
                              followed = true;
                              return absl::OkStatus();
                            },
                        .closed = [] {},
                        .turned = [] {}});
  EXPECT_EQ(ReasonOf(seal.Open()), "DATABASE_ROLLED_BACK");
  EXPECT_TRUE(seal.sealed());
  EXPECT_TRUE(world_.keys->sealed());
  EXPECT_FALSE(followed);
}

TEST_F(SealSwitchTest, ForgetsEveryToken) {
  world_.ConnectCalendar();
  const AccessRequest request = world_.Request();
  world_.http.Answer(TokenAnswer("at-1", "rt-2"));
  ASSERT_NE(TokenIn(world_.Get(request)), nullptr);
  ASSERT_TRUE(world_.seal->Seal().ok());
  ASSERT_EQ(Unseal(), absl::OkStatus());
  world_.http.Answer(TokenAnswer("at-2", "rt-3"));
  auto answer = world_.Get(request);
  ASSERT_NE(TokenIn(answer), nullptr);
  EXPECT_FALSE(TokenIn(answer)->from_cache);
}

TEST_F(SealSwitchTest, ServesAgainByTheSameKeys) {
  Connection connection = world_.ConnectCalendar();
  const UserId ana = world_.UserOf("acme", "ana");
  ASSERT_TRUE(world_.seal->Seal().ok());
  ASSERT_EQ(Unseal(), absl::OkStatus());
  EXPECT_FALSE(world_.seal->sealed());
  EXPECT_EQ(world_.UserOf("acme", "ana"), ana);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection)), "rt-1");
  ASSERT_THAT(world_.Audit("vault.unsealed"), SizeIs(1));
  EXPECT_THAT(world_.Audit("vault.unsealed")[0].leaf, HasSubstr("file"));
}

// The provider has the old token replaced: its answer is worth more than haste.
TEST_F(SealSwitchTest, LetsARefreshThatIsUnderWayEnd) {
  Connection connection = world_.ConnectCalendar();
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-2"));
  auto answer = world_.Begin(world_.Request());
  held.WaitForRequest();
  auto sealed =
      std::async(std::launch::async, [this] { return world_.seal->Seal(); });
  while (!world_.keys->sealed()) std::this_thread::yield();
  held.LetGo();
  auto left = sealed.get();
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(*left, 0);
  answer.get().status().IgnoreError();
  ASSERT_EQ(Unseal(), absl::OkStatus());
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection)), "rt-2");
}

TEST_F(SealSwitchTest, SealsThoughNobodyCanWriteItDown) {
  world_.FailAudit();
  EXPECT_EQ(ReasonOf(world_.seal->Seal().status()), "AUDIT_UNAVAILABLE");
  EXPECT_TRUE(world_.seal->sealed());
  EXPECT_EQ(world_.arena->used(), 0);
}

TEST_F(SealSwitchTest, OpensNothingThatNobodyCanLookUp) {
  ASSERT_TRUE(world_.seal->Seal().ok());
  world_.FailAudit();
  EXPECT_EQ(ReasonOf(Unseal()), "AUDIT_UNAVAILABLE");
  EXPECT_TRUE(world_.seal->sealed());
  EXPECT_EQ(world_.arena->used(), 0);
}

TEST_F(SealSwitchTest, OpensByTheFirstSourceThatDoes) {
  ASSERT_EQ(world_.source_admin->Add("second", Secret(), false, ""),
            absl::OkStatus());
  ASSERT_TRUE(world_.seal->Seal().ok());
  ASSERT_EQ(remove(world_.folder.File("root.key").c_str()), 0);
  EXPECT_EQ(ReasonOf(Unseal("file")), "ROOT_KEY_INVALID");
  EXPECT_TRUE(world_.seal->sealed());
  ASSERT_EQ(Unseal(), absl::OkStatus());
  EXPECT_EQ(world_.seal->opened_by(), "second");
}

TEST_F(SealSwitchTest, SaysWhyNoSourceOpens) {
  ASSERT_TRUE(world_.seal->Seal().ok());
  ASSERT_EQ(remove(world_.folder.File("root.key").c_str()), 0);
  EXPECT_EQ(ReasonOf(Unseal()), "ROOT_KEY_INVALID");
  EXPECT_EQ(ReasonOf(Unseal("third")), "RESOURCE_DENIED");
}

TEST_F(SealSwitchTest, TurnsTwiceWithoutHarm) {
  ASSERT_EQ(Unseal(), absl::OkStatus());
  EXPECT_THAT(world_.Audit("vault.unsealed"), SizeIs(0));
  ASSERT_TRUE(world_.seal->Seal().ok());
  ASSERT_TRUE(world_.seal->Seal().ok());
  ASSERT_EQ(Unseal(), absl::OkStatus());
}

}  // namespace
}  // namespace tokenvault
