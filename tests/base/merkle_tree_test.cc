#include "base/merkle_tree.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

// Of the reference implementation of RFC 6962, as other logs use them too.
struct Known {
  const char* leaf;  // the next one, in hex
  const char* root;  // with it
};
const std::vector<Known>& KnownAnswers() {
  static const auto* const kKnown = new std::vector<Known>{
      {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {"00",
       "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
      {"10",
       "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
      {"2021",
       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
      {"3031",
       "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
      {"40414243",
       "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
      {"5051525354555657",
       "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
      {"606162636465666768696a6b6c6d6e6f",
       "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};
  return *kKnown;
}

TEST(MerkleRootTest, GivesTheKnownAnswers) {
  MerkleRoot tree;
  for (const Known& known : KnownAnswers()) {
    tree.Append(absl::HexStringToBytes(known.leaf));
    EXPECT_EQ(absl::BytesToHexString(tree.Root()), known.root) << tree.size();
  }
  EXPECT_EQ(tree.size(), KnownAnswers().size());
}

TEST(MerkleRootTest, HasARootWithoutLeaves) {
  EXPECT_EQ(absl::BytesToHexString(MerkleRoot().Root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(MerkleRootTest, TakesNoNodeForALeaf) {
  const std::string a = MerkleLeafHash("a");
  const std::string b = MerkleLeafHash("b");
  MerkleRoot two;
  two.Append("a");
  two.Append("b");
  EXPECT_EQ(two.Root(), MerkleNodeHash(a, b));
  MerkleRoot one;
  one.Append(a + b);
  EXPECT_NE(one.Root(), two.Root());
}

// A tree of the leaves "0", "1", … that keeps all of them.
class WholeTree {
 public:
  explicit WholeTree(uint64_t size) {
    for (uint64_t i = 0; i < size; ++i) {
      levels_.front().push_back(MerkleLeafHash(absl::StrCat(i)));
    }
    while (levels_.back().size() > 1) {
      std::vector<std::string> joined;
      const std::vector<std::string>& below = levels_.back();
      for (size_t i = 0; i + 1 < below.size(); i += 2) {
        joined.push_back(MerkleNodeHash(below[i], below[i + 1]));
      }
      levels_.push_back(std::move(joined));
    }
  }
  absl::StatusOr<std::string> operator()(int level, uint64_t index) const {
    ++reads_;
    return levels_.at(level).at(index);
  }
  int TakeReads() { return std::exchange(reads_, 0); }

 private:
  std::vector<std::vector<std::string>> levels_{{}};
  mutable int reads_ = 0;
};

std::string RootOfFirst(uint64_t size) {
  MerkleRoot tree;
  for (uint64_t i = 0; i < size; ++i) tree.Append(absl::StrCat(i));
  return tree.Root();
}

constexpr uint64_t kSizes = 70;

TEST(MerkleTreeTest, HasTheRootOfEachOfItsSizes) {
  WholeTree tree(kSizes);
  for (uint64_t size = 0; size <= kSizes; ++size) {
    EXPECT_EQ(*MerkleRootOf(size, tree), RootOfFirst(size)) << size;
  }
}

TEST(MerkleTreeTest, GoesOnFromItsSubtrees) {
  WholeTree tree(kSizes);
  for (uint64_t size = 0; size < kSizes; ++size) {
    auto resumed = MerkleRoot::Resume(size, *MerkleSubtrees(size, tree));
    ASSERT_TRUE(resumed.ok()) << resumed.status();
    EXPECT_EQ(resumed->Root(), RootOfFirst(size));
    resumed->Append(absl::StrCat(size));
    EXPECT_EQ(resumed->Root(), RootOfFirst(size + 1));
  }
}

TEST(MerkleTreeTest, GoesOnFromNoOtherNumberOfSubtrees) {
  const std::string hash = MerkleLeafHash("a");
  for (auto edge : {std::vector<std::string>{}, {hash, hash}, {"short"}}) {
    EXPECT_EQ(ReasonOf(MerkleRoot::Resume(4, edge).status()), "FIELD_INVALID");
  }
}

TEST(MerkleTreeTest, ProvesEachLeafInEachTree) {
  WholeTree tree(kSizes);
  for (uint64_t size = 1; size <= kSizes; ++size) {
    const std::string root = RootOfFirst(size);
    for (uint64_t index = 0; index < size; ++index) {
      const std::string leaf = MerkleLeafHash(absl::StrCat(index));
      auto proof = MerkleInclusionProof(index, size, tree);
      ASSERT_TRUE(proof.ok()) << proof.status();
      EXPECT_EQ(*RootOfInclusion(leaf, index, size, *proof), root);
      // The same proof for another leaf, or another place.
      EXPECT_NE(*RootOfInclusion(MerkleLeafHash("x"), index, size, *proof),
                root);
      if (index > 0) {
        auto other = RootOfInclusion(leaf, index - 1, size, *proof);
        EXPECT_TRUE(!other.ok() || *other != root) << index << " of " << size;
      }
    }
  }
}

TEST(MerkleTreeTest, ProvesThatEachTreeGrewOutOfEachSmallerOne) {
  WholeTree tree(kSizes);
  for (uint64_t size = 1; size <= kSizes; ++size) {
    const std::string root = RootOfFirst(size);
    for (uint64_t old_size = 1; old_size <= size; ++old_size) {
      auto proof = MerkleConsistencyProof(old_size, size, tree);
      ASSERT_TRUE(proof.ok()) << proof.status();
      const std::string old_root = RootOfFirst(old_size);
      auto roots = RootsOfConsistency(old_size, old_root, size, *proof);
      ASSERT_TRUE(roots.ok()) << roots.status();
      EXPECT_EQ(roots->old_root, old_root) << old_size << " of " << size;
      EXPECT_EQ(roots->root, root) << old_size << " of " << size;
      auto forked =
          RootsOfConsistency(old_size, MerkleLeafHash("x"), size, *proof);
      EXPECT_TRUE(forked->old_root != MerkleLeafHash("x") ||
                  forked->root != root);
    }
  }
}

TEST(MerkleTreeTest, RefusesProofsOfAnotherLength) {
  WholeTree tree(kSizes);
  for (uint64_t size = 2; size <= kSizes; ++size) {
    auto proof = *MerkleInclusionProof(size / 2, size, tree);
    proof.push_back(MerkleLeafHash("x"));
    EXPECT_EQ(ReasonOf(RootOfInclusion("", size / 2, size, proof).status()),
              "FIELD_INVALID");
    proof.resize(proof.size() - 2);
    EXPECT_EQ(ReasonOf(RootOfInclusion("", size / 2, size, proof).status()),
              "FIELD_INVALID");
    proof = *MerkleConsistencyProof(size - 1, size, tree);
    proof.push_back(MerkleLeafHash("x"));
    EXPECT_EQ(ReasonOf(RootsOfConsistency(size - 1, "", size, proof).status()),
              "FIELD_INVALID");
    proof.resize(proof.size() - 2);
    EXPECT_EQ(ReasonOf(RootsOfConsistency(size - 1, "", size, proof).status()),
              "FIELD_INVALID");
  }
}

TEST(MerkleTreeTest, KnowsNoLeafBeyondTheTree) {
  WholeTree tree(4);
  EXPECT_FALSE(MerkleInclusionProof(4, 4, tree).ok());
  EXPECT_FALSE(MerkleConsistencyProof(0, 4, tree).ok());
  EXPECT_FALSE(MerkleConsistencyProof(5, 4, tree).ok());
  EXPECT_FALSE(RootOfInclusion("", 4, 4, {}).ok());
  EXPECT_FALSE(RootsOfConsistency(0, "", 4, {}).ok());
}

TEST(MerkleTreeTest, ReadsFewNodesForAProof) {
  constexpr uint64_t kMany = 100'000;
  constexpr int kTwiceItsLogarithm = 34;
  WholeTree tree(kMany);
  for (uint64_t index : {0, 1, 777, 65'535, 65'536, 99'999}) {
    ASSERT_TRUE(MerkleInclusionProof(index, kMany, tree).ok());
    EXPECT_LE(tree.TakeReads(), kTwiceItsLogarithm);
    ASSERT_TRUE(MerkleConsistencyProof(index + 1, kMany, tree).ok());
    EXPECT_LE(tree.TakeReads(), kTwiceItsLogarithm);
  }
}

}  // namespace
}  // namespace tokenvault
