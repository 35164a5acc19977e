#include "crypto/merkle_tree.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hash.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kLeafPrefix("\x00", 1);
constexpr absl::string_view kNodePrefix("\x01", 1);

}  // namespace

std::string MerkleLeafHash(absl::string_view leaf) {
  return Sha256(absl::StrCat(kLeafPrefix, leaf));
}

std::string MerkleNodeHash(absl::string_view left, absl::string_view right) {
  return Sha256(absl::StrCat(kNodePrefix, left, right));
}

void MerkleRoot::Append(absl::string_view leaf) {
  std::string subtree = MerkleLeafHash(leaf);
  // Like adding 1: every full subtree of the same size is joined on its way up.
  for (uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    subtree = MerkleNodeHash(subtrees_.back(), subtree);
    subtrees_.pop_back();
  }
  subtrees_.push_back(std::move(subtree));
  ++size_;
}

std::string MerkleRoot::Root() const {
  if (subtrees_.empty()) return Sha256("");
  std::string root = subtrees_.back();
  for (auto it = subtrees_.rbegin() + 1; it != subtrees_.rend(); ++it) {
    root = MerkleNodeHash(*it, root);
  }
  return root;
}

}  // namespace tokenvault
