#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// The tree of RFC 6962 section 2.1: SHA-256, 0x00 before a leaf and 0x01 before
// two children, so that no leaf can be taken for a node. Hashes are 32 bytes.
// Leaves and nodes are counted from 0, as there.
namespace tokenvault {

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
  MerkleRoot() = default;
  // Goes on from what subtrees() said of the first `size` leaves. FIELD_INVALID
  // on "edge" when there cannot be so many of them, or one is no hash.
  static absl::StatusOr<MerkleRoot> Resume(uint64_t size,
                                           std::vector<std::string> subtrees);

  void Append(absl::string_view leaf);
  void AppendHash(std::string leaf_hash);
  // Of the leaves so far; of none, SHA-256 of nothing.
  std::string Root() const;
  uint64_t size() const { return size_; }
  // The roots of the full subtrees that the leaves make, the largest first: one
  // for each 1 in the binary form of size().
  const std::vector<std::string>& subtrees() const { return subtrees_; }

 private:
  std::vector<std::string> subtrees_;
  uint64_t size_ = 0;
};

// The hash of the full subtree over the leaves from index << level, 1 << level
// of them; whatever error there is in getting at it goes through.
using MerkleNodes =
    absl::FunctionRef<absl::StatusOr<std::string>(int level, uint64_t index)>;

// Of the first `size` leaves of a tree whose full subtrees `nodes` knows. Each
// asks it for no more than 2 log2(size) of them.
absl::StatusOr<std::string> MerkleRootOf(uint64_t size, MerkleNodes nodes);
// The full subtrees of the first `size` leaves, as MerkleRoot::subtrees().
absl::StatusOr<std::vector<std::string>> MerkleSubtrees(uint64_t size,
                                                        MerkleNodes nodes);
// PATH(index, D[size]) and PROOF(old_size, D[size]) of RFC 6962 section 2.1;
// index < size, and 0 < old_size <= size: INTERNAL else.
absl::StatusOr<std::vector<std::string>> MerkleInclusionProof(
    uint64_t index, uint64_t size, MerkleNodes nodes);
absl::StatusOr<std::vector<std::string>> MerkleConsistencyProof(
    uint64_t old_size, uint64_t size, MerkleNodes nodes);

// The root that an inclusion proof comes to. FIELD_INVALID on "proof" when it
// has another length than one of that leaf in a tree of that size.
absl::StatusOr<std::string> RootOfInclusion(
    absl::string_view leaf_hash, uint64_t index, uint64_t size,
    const std::vector<std::string>& proof);
// The roots that a consistency proof comes to: of the tree of `old_size`, whose
// root it is told to be, and of the one of `size`. FIELD_INVALID on "proof"
// when it has another length than one between those.
struct ConsistentRoots {
  std::string old_root;
  std::string root;
};
absl::StatusOr<ConsistentRoots> RootsOfConsistency(
    uint64_t old_size, absl::string_view old_root, uint64_t size,
    const std::vector<std::string>& proof);

}  // namespace tokenvault
