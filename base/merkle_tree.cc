#include "base/merkle_tree.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kLeafPrefix("\x00", 1);
constexpr absl::string_view kNodePrefix("\x01", 1);

int LevelOf(uint64_t power) { return std::countr_zero(power); }

// The largest power of two below `size`, which is 2 or more: how many leaves
// are on the left of the root.
uint64_t LeftOf(uint64_t size) { return std::bit_floor(size - 1); }

// MTH of `count` leaves from `first`, a multiple of what is on their left.
absl::StatusOr<std::string> RangeRoot(uint64_t first, uint64_t count,
                                      MerkleNodes nodes) {
  if (std::has_single_bit(count)) {
    return nodes(LevelOf(count), first / count);
  }
  const uint64_t left = LeftOf(count);
  ASSIGN_OR_RETURN(const std::string a, RangeRoot(first, left, nodes));
  ASSIGN_OR_RETURN(const std::string b,
                   RangeRoot(first + left, count - left, nodes));
  return MerkleNodeHash(a, b);
}

absl::Status BadProof() {
  return errors::FieldInvalid("proof", "has another length than such a one");
}

// Takes the hashes of a proof one after the other.
class ProofReader {
 public:
  explicit ProofReader(const std::vector<std::string>& proof) : proof_(proof) {}
  // Null when there is none, or it is no hash.
  const std::string* Next() {
    if (at_ == proof_.size() || proof_[at_].size() != kSha256Size) {
      return nullptr;
    }
    return &proof_[at_++];
  }
  bool done() const { return at_ == proof_.size(); }

 private:
  const std::vector<std::string>& proof_;
  size_t at_ = 0;
};

}  // namespace

std::string MerkleLeafHash(absl::string_view leaf) {
  return Sha256(absl::StrCat(kLeafPrefix, leaf));
}

std::string MerkleNodeHash(absl::string_view left, absl::string_view right) {
  return Sha256(absl::StrCat(kNodePrefix, left, right));
}

absl::StatusOr<MerkleRoot> MerkleRoot::Resume(
    uint64_t size, std::vector<std::string> subtrees) {
  bool whole = subtrees.size() == static_cast<size_t>(std::popcount(size));
  for (const std::string& subtree : subtrees) {
    whole = whole && subtree.size() == kSha256Size;
  }
  if (!whole) {
    return errors::FieldInvalid("edge", "is not one of a tree of that size");
  }
  MerkleRoot tree;
  tree.size_ = size;
  tree.subtrees_ = std::move(subtrees);
  return tree;
}

void MerkleRoot::Append(absl::string_view leaf) {
  AppendHash(MerkleLeafHash(leaf));
}

void MerkleRoot::AppendHash(std::string leaf_hash) {
  std::string subtree = std::move(leaf_hash);
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

absl::StatusOr<std::string> MerkleRootOf(uint64_t size, MerkleNodes nodes) {
  if (size == 0) return Sha256("");
  return RangeRoot(0, size, nodes);
}

absl::StatusOr<std::vector<std::string>> MerkleSubtrees(uint64_t size,
                                                        MerkleNodes nodes) {
  std::vector<std::string> subtrees;
  uint64_t first = 0;
  while (first < size) {
    const uint64_t count = std::bit_floor(size - first);
    ASSIGN_OR_RETURN(std::string subtree, nodes(LevelOf(count), first / count));
    subtrees.push_back(std::move(subtree));
    first += count;
  }
  return subtrees;
}

absl::StatusOr<std::vector<std::string>> MerkleInclusionProof(
    uint64_t index, uint64_t size, MerkleNodes nodes) {
  if (index >= size) return errors::Internal("no such leaf in that tree");
  // From the root down; the proof is told from the leaf up.
  std::vector<std::string> down;
  uint64_t first = 0;
  uint64_t count = size;
  while (count > 1) {
    const uint64_t left = LeftOf(count);
    const bool goes_left = index < first + left;
    ASSIGN_OR_RETURN(std::string beside,
                     goes_left ? RangeRoot(first + left, count - left, nodes)
                               : RangeRoot(first, left, nodes));
    down.push_back(std::move(beside));
    if (!goes_left) first += left;
    count = goes_left ? left : count - left;
  }
  return std::vector<std::string>(down.rbegin(), down.rend());
}

absl::StatusOr<std::vector<std::string>> MerkleConsistencyProof(
    uint64_t old_size, uint64_t size, MerkleNodes nodes) {
  if (old_size == 0 || old_size > size) {
    return errors::Internal("no consistency between trees of these sizes");
  }
  // SUBPROOF of RFC 6962, from the root down.
  std::vector<std::string> down;
  uint64_t first = 0;
  uint64_t count = size;
  uint64_t old_count = old_size;
  bool old_root_is_known = true;
  while (old_count < count) {
    const uint64_t left = LeftOf(count);
    if (old_count <= left) {
      ASSIGN_OR_RETURN(std::string beside,
                       RangeRoot(first + left, count - left, nodes));
      down.push_back(std::move(beside));
      count = left;
    } else {
      ASSIGN_OR_RETURN(std::string beside, RangeRoot(first, left, nodes));
      down.push_back(std::move(beside));
      first += left;
      count -= left;
      old_count -= left;
      old_root_is_known = false;
    }
  }
  if (!old_root_is_known) {
    ASSIGN_OR_RETURN(std::string last, RangeRoot(first, count, nodes));
    down.push_back(std::move(last));
  }
  return std::vector<std::string>(down.rbegin(), down.rend());
}

absl::StatusOr<std::string> RootOfInclusion(
    absl::string_view leaf_hash, uint64_t index, uint64_t size,
    const std::vector<std::string>& proof) {
  if (index >= size) return BadProof();
  ProofReader reader(proof);
  std::string root(leaf_hash);
  uint64_t last = size - 1;
  // RFC 9162, section 2.1.3.2.
  for (; last > 0; index >>= 1, last >>= 1) {
    const bool joined_on_the_left = (index & 1) != 0;
    if (!joined_on_the_left && index == last) continue;  // alone on its level
    const std::string* beside = reader.Next();
    if (beside == nullptr) return BadProof();
    root = joined_on_the_left ? MerkleNodeHash(*beside, root)
                              : MerkleNodeHash(root, *beside);
  }
  if (!reader.done()) return BadProof();
  return root;
}

absl::StatusOr<ConsistentRoots> RootsOfConsistency(
    uint64_t old_size, absl::string_view old_root, uint64_t size,
    const std::vector<std::string>& proof) {
  if (old_size == 0 || old_size > size) return BadProof();
  ConsistentRoots roots = {std::string(old_root), std::string(old_root)};
  ProofReader reader(proof);
  // RFC 9162, section 2.1.4.2: up from the last full subtree of the old tree.
  uint64_t index = old_size - 1;
  uint64_t last = size - 1;
  while ((index & 1) != 0) {
    index >>= 1;
    last >>= 1;
  }
  if (old_size == size) {
    if (!reader.done()) return BadProof();
    return roots;
  }
  if (index > 0) {
    const std::string* seed = reader.Next();
    if (seed == nullptr) return BadProof();
    roots = {*seed, *seed};
  }
  for (; last > 0; index >>= 1, last >>= 1) {
    const bool on_the_right = (index & 1) != 0;
    if (!on_the_right && index == last) continue;  // alone on its level
    const std::string* beside = reader.Next();
    if (beside == nullptr) return BadProof();
    if (on_the_right) {
      roots.old_root = MerkleNodeHash(*beside, roots.old_root);
      roots.root = MerkleNodeHash(*beside, roots.root);
    } else {
      roots.root = MerkleNodeHash(roots.root, *beside);
    }
  }
  if (!reader.done()) return BadProof();
  return roots;
}

}  // namespace tokenvault
