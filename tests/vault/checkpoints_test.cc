#include "vault/checkpoints.h"

#include <string>
#include <utility>

#include "base/errors.h"
#include "crypto/checkpoint.h"
#include "gtest/gtest.h"
#include "tests/support/seen_log.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

class CheckpointsTest : public ::testing::Test {
 protected:
  void Log(int leaves) {
    ASSERT_TRUE(AppendLeaves(*world_.store, world_.clock.Now(), leaves).ok());
  }
  uint64_t NewestSize() {
    auto newest = world_.store->GetNewestCheckpoint();
    return newest.ok() ? newest->size : 0;
  }
  // By the leaves alone.
  std::string RootOfFirst(uint64_t size) {
    const auto entries =
        world_.store->ListAuditEntries({}, static_cast<int>(size));
    MerkleRoot root;
    for (const AuditEntry& entry : *entries) root.Append(entry.leaf);
    return root.Root();
  }

  VaultWorld world_;
  NoteSigner signer_{world_.clock, *world_.store, *world_.keys};
  AuditTree tree_{*world_.store};
  Checkpoints checkpoints_{world_.clock, *world_.store, signer_, tree_};
};

TEST_F(CheckpointsTest, SayNothingOfALogWithoutLeaves) {
  checkpoints_.Keep();
  EXPECT_EQ(ReasonOf(checkpoints_.Make().status()), "NOT_FOUND");
}

TEST_F(CheckpointsTest, AreSignedOverAllLeaves) {
  Log(700);
  auto made = checkpoints_.Make();
  ASSERT_TRUE(made.ok()) << made.status();
  auto opened = OpenCheckpoint(made->note, *signer_.Verifier());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->size, 700u);
  EXPECT_EQ(opened->root, RootOfFirst(700));
}

TEST_F(CheckpointsTest, StandWhereThereIsNoNews) {
  Log(7);
  const AuditCheckpoint first = *checkpoints_.Make();
  world_.clock.Advance(Checkpoints::kEvery);
  checkpoints_.Keep();
  EXPECT_EQ(checkpoints_.Make()->note, first.note);
  EXPECT_EQ(world_.store->ListCheckpoints(0, 9)->size(), 1u);
}

TEST_F(CheckpointsTest, AreMadeEveryTenSecondsWhileThereIsNews) {
  Log(1);
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 1u);
  Log(1);
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 1u);
  world_.clock.Advance(Checkpoints::kEvery);
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 2u);
}

TEST_F(CheckpointsTest, AreMadeEveryThousandLeaves) {
  Log(1);
  checkpoints_.Keep();
  Log(999);
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 1u);
  Log(1501);
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 2001u);
  EXPECT_EQ(world_.store->ListCheckpoints(0, 9)->size(), 3u);
}

TEST_F(CheckpointsTest, CatchUpWithALogThatHasNoTreeYet) {
  Log(3500);
  ASSERT_TRUE(checkpoints_.CatchUp().ok());
  EXPECT_EQ(NewestSize(), 0u);
  EXPECT_EQ(tree_.head()->size, 3500u);
  EXPECT_EQ(tree_.head()->root, RootOfFirst(3500));
  EXPECT_EQ(checkpoints_.Make()->size, 3500u);
}

TEST_F(CheckpointsTest, GoOnAfterACommitThatFailed) {
  Log(300);
  world_.store->FailCommits(errors::StorageFull());
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 0u);
  world_.store->FailCommits(absl::OkStatus());
  Log(1);
  checkpoints_.Keep();
  EXPECT_EQ(NewestSize(), 301u);
  EXPECT_EQ(tree_.head()->root, RootOfFirst(301));
}

TEST_F(CheckpointsTest, AreNotMadeWhileTheVaultIsSealed) {
  Log(3);
  world_.keys->Seal();
  EXPECT_EQ(ReasonOf(checkpoints_.Make().status()), "VAULT_SEALED");
}

}  // namespace
}  // namespace tokenvault
