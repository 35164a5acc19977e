#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// The hashes of RFC 6962 section 2.1: SHA-256, 0x00 before a leaf and 0x01
// before two children, so that no leaf can be taken for a node.
namespace tokenvault {

// 32 bytes each.
std::string MerkleLeafHash(absl::string_view leaf);
std::string MerkleNodeHash(absl::string_view left, absl::string_view right);

// The root of a list of leaves that are seen once, in order, and not kept.
//
//   MerkleRoot tree;
//   for (…) tree.Append(leaf);
//   proof.root = tree.Root();
//
// Not thread-safe.
class MerkleRoot {
 public:
  void Append(absl::string_view leaf);
  // Of the leaves so far; of none, SHA-256 of nothing.
  std::string Root() const;
  uint64_t size() const { return size_; }

 private:
  // The roots of the full subtrees that the leaves make, the largest first: one
  // for each 1 in the binary form of size_.
  std::vector<std::string> subtrees_;
  uint64_t size_ = 0;
};

}  // namespace tokenvault
