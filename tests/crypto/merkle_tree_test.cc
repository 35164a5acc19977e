#include "crypto/merkle_tree.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/escaping.h"

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

}  // namespace
}  // namespace tokenvault
