#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/merkle_tree.h"
#include "base/mutex.h"
#include "storage/store.h"

namespace tokenvault {

// The Merkle tree over the audit log, kept in the store in rows of 256 hashes
// (docs/audit-format.md). Leaves come first, each in the commit of its effect;
// the tree follows, and what it has taken in never changes.
//
// Thread-safe. Proofs read a few rows each, and do not wait for Grow.
class AuditTree {
 public:
  explicit AuditTree(Store& store) : store_(store) {}

  // What the tree is after a step.
  struct Head {
    uint64_t size = 0;
    std::string root;
  };

  // Takes in the next leaves, at most `most`, in one commit with what `with`
  // puts into it besides. Its error ends the step, which then changed nothing.
  // Zero new leaves: nothing is committed, `with` is not called, and Head is
  // what it was. STORAGE_*; STORAGE_CORRUPT also when the rows of the tree
  // contradict each other, or the log has a gap.
  absl::StatusOr<Head> Grow(
      uint64_t most,
      absl::FunctionRef<absl::Status(const Head&, WriteBatch&)> with);

  // The tree as it is in the store. STORAGE_*.
  absl::StatusOr<Head> head();

  // Of the first `size` leaves, which the tree has taken in; leaves are counted
  // from 0 here. STORAGE_*; INTERNAL when it has not.
  absl::StatusOr<std::string> RootOf(uint64_t size) const;
  absl::StatusOr<std::vector<std::string>> SubtreesOf(uint64_t size) const;
  absl::StatusOr<std::vector<std::string>> ProveInclusion(uint64_t index,
                                                          uint64_t size) const;
  absl::StatusOr<std::vector<std::string>> ProveConsistency(
      uint64_t old_size, uint64_t size) const;
  // The hashes of the leaves of row `index`: 256, or what there is.
  absl::StatusOr<std::vector<std::string>> LeafHashes(uint64_t index) const;

 private:
  // The rightmost row of each level, not full, and the root over all.
  struct Edge {
    std::vector<AuditTile> tiles;
    MerkleRoot root;
  };
  // Rows that a step changed, and that are to be written.
  using Changes = std::vector<AuditTile>;

  absl::StatusOr<Edge> Load() const;
  static void Append(const std::string& leaf_hash, Edge& edge,
                     Changes& full_tiles);

  Store& store_;
  Mutex growing_;
  std::optional<Edge> edge_ ABSL_GUARDED_BY(growing_);  // none: to be read
};

}  // namespace tokenvault
