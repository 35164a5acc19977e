#include "vault/audit_tree.h"

#include <string>
#include <utility>

#include "base/errors.h"
#include "gtest/gtest.h"
#include "storage/open_store.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

absl::Status NothingBesides(const AuditTree::Head&, WriteBatch&) {
  return absl::OkStatus();
}

class AuditTreeTest : public ::testing::Test {
 protected:
  static std::string LeafOf(int number) {
    return R"({"action":"token.granted","detail":")" + std::to_string(number) +
           "\"}";
  }
  void Log(int leaves) {
    WriteBatch batch;
    for (int i = 0; i < leaves; ++i) {
      AuditEntry entry;
      entry.kind = "token.granted";
      entry.leaf = LeafOf(++logged_);
      batch.Append(std::move(entry));
    }
    ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  }
  void Grow(AuditTree& tree, uint64_t most) {
    auto head = tree.Grow(most, NothingBesides);
    ASSERT_TRUE(head.ok()) << head.status();
  }
  static std::string RootOfFirst(int size) {
    MerkleRoot root;
    for (int i = 1; i <= size; ++i) root.Append(LeafOf(i));
    return root.Root();
  }

  int logged_ = 0;
  TempFolder folder_;
  std::unique_ptr<Store> store_ =
      *OpenStore({folder_.File("vault.db"), /*create=*/true});
};

TEST_F(AuditTreeTest, IsEmptyAtFirst) {
  AuditTree tree(*store_);
  EXPECT_EQ(tree.head()->size, 0u);
  EXPECT_EQ(tree.head()->root, MerkleRoot().Root());
}

// Steps of every kind: within a row, to its end, beyond it, over several.
TEST_F(AuditTreeTest, HasTheRootOfItsLeavesAfterEachStep) {
  AuditTree tree(*store_);
  for (int step : {1, 2, 252, 1, 1, 255, 256, 257, 1000, 64000, 300}) {
    Log(step);
    Grow(tree, 1 << 20);
    EXPECT_EQ(tree.head()->size, static_cast<uint64_t>(logged_));
    EXPECT_EQ(tree.head()->root, RootOfFirst(logged_)) << logged_;
  }
  // And of each that it had.
  for (int size : {1, 2, 255, 256, 257, 511, 512, 65535, 65536, 65537}) {
    EXPECT_EQ(*tree.RootOf(size), RootOfFirst(size)) << size;
  }
}

TEST_F(AuditTreeTest, GoesOnWhereAnotherLeftOff) {
  Log(700);
  for (int i = 0; i < 7; ++i) {
    AuditTree tree(*store_);
    Grow(tree, 100);
    EXPECT_EQ(tree.head()->root, RootOfFirst((i + 1) * 100));
  }
}

TEST_F(AuditTreeTest, ProvesItsLeavesAndThatItGrew) {
  AuditTree tree(*store_);
  Log(1500);
  Grow(tree, 2000);
  for (uint64_t index : {0, 1, 255, 256, 700, 1499}) {
    auto proof = tree.ProveInclusion(index, 1500);
    ASSERT_TRUE(proof.ok()) << proof.status();
    EXPECT_EQ(*RootOfInclusion(MerkleLeafHash(LeafOf(index + 1)), index, 1500,
                               *proof),
              RootOfFirst(1500));
    auto growth = tree.ProveConsistency(index + 1, 1500);
    ASSERT_TRUE(growth.ok()) << growth.status();
    auto roots =
        RootsOfConsistency(index + 1, RootOfFirst(index + 1), 1500, *growth);
    EXPECT_EQ(roots->old_root, RootOfFirst(index + 1));
    EXPECT_EQ(roots->root, RootOfFirst(1500));
  }
}

TEST_F(AuditTreeTest, ProvesNothingBeyondWhatItHas) {
  AuditTree tree(*store_);
  Log(10);
  Grow(tree, 5);
  EXPECT_FALSE(tree.RootOf(6).ok());
  EXPECT_FALSE(tree.ProveInclusion(0, 10).ok());
}

TEST_F(AuditTreeTest, CommitsWithAStepWhatComesWithIt) {
  AuditTree tree(*store_);
  Log(3);
  auto grown = tree.Grow(10, [](const AuditTree::Head& head,
                                WriteBatch& batch) {
    batch.Insert(AuditCheckpoint{head.size, absl::UnixEpoch(), head.root, 0});
    return absl::OkStatus();
  });
  ASSERT_TRUE(grown.ok()) << grown.status();
  EXPECT_EQ(store_->GetNewestCheckpoint()->note, RootOfFirst(3));
}

TEST_F(AuditTreeTest, IsAsItWasWhenAStepFails) {
  AuditTree tree(*store_);
  Log(300);
  auto failed =
      tree.Grow(300, [](const AuditTree::Head&, WriteBatch&) -> absl::Status {
        return errors::Internal("no");
      });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(tree.head()->size, 0u);
  EXPECT_EQ(ReasonOf(store_->GetAuditTile(0, 0).status()), "NOT_FOUND");
  Grow(tree, 300);
  EXPECT_EQ(tree.head()->root, RootOfFirst(300));
}

TEST_F(AuditTreeTest, NoticesAHoleInItsRows) {
  AuditTree tree(*store_);
  Log(600);
  Grow(tree, 600);
  WriteBatch batch;
  AuditTile one = *store_->GetAuditTile(1, 0);
  one.hashes.resize(32);
  batch.Update(one);
  ASSERT_TRUE(store_->Commit(std::move(batch)).ok());
  EXPECT_EQ(ReasonOf(AuditTree(*store_).head().status()), "STORAGE_CORRUPT");
}

}  // namespace
}  // namespace tokenvault
