#include "vault/audit_check.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/merkle_tree.h"
#include "base/status_macros.h"
#include "crypto/checkpoint.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

constexpr int kLeavesAtOnce = 1000;

void Name(Operation& operation, std::string broken) {
  operation.Change([&broken](Operation::Progress& progress) {
    ++progress.broken_count;
    if (progress.broken.size() < kMostNamed) {
      progress.broken.push_back(std::move(broken));
    }
  });
}

// Leaves against the tree, one after the other, and the tree against what was
// signed of it.
class Comparison {
 public:
  Comparison(Operation& operation, const Store& store, const AuditTree& tree,
             NoteVerifier verifier, MerkleRoot before)
      : operation_(operation),
        store_(store),
        tree_(tree),
        verifier_(std::move(verifier)),
        root_(std::move(before)),
        good_(root_.size()) {}

  absl::Status Add(const AuditEntry& entry) {
    RETURN_IF_ERROR(MissTo(entry.sequence - 1));
    ASSIGN_OR_RETURN(const std::string taken_in, Next());
    if (MerkleLeafHash(entry.leaf) != taken_in) {
      Name(operation_,
           absl::StrCat("auditEvents/", entry.sequence, " is not what it was"));
    }
    return absl::OkStatus();
  }

  // Leaves that are gone, up to this one: the tree remembers them.
  absl::Status MissTo(uint64_t last) {
    while (root_.size() < last) {
      Name(operation_,
           absl::StrCat("auditEvents/", root_.size() + 1, " is not there"));
      RETURN_IF_ERROR(Next().status());
    }
    return absl::OkStatus();
  }

  uint64_t size() const { return root_.size(); }

 private:
  // The next leaf's hash, as the tree has it; judges the checkpoint behind it.
  absl::StatusOr<std::string> Next() {
    const uint64_t index = root_.size();
    if (row_.empty() || index % AuditTile::kMostHashes == 0) {
      ASSIGN_OR_RETURN(row_, tree_.LeafHashes(index / AuditTile::kMostHashes));
    }
    if (index % AuditTile::kMostHashes >= row_.size()) {
      return errors::StorageCorrupt();
    }
    std::string hash = row_[index % AuditTile::kMostHashes];
    root_.AppendHash(hash);
    if (next_.size < root_.size()) {
      ASSIGN_OR_RETURN(const std::vector<AuditCheckpoint> from_here,
                       store_.ListCheckpoints(root_.size(), 1));
      if (!from_here.empty()) next_ = from_here.front();
    }
    if (next_.size == root_.size()) Judge(next_);
    return hash;
  }

  void Judge(const AuditCheckpoint& checkpoint) {
    operation_.Change(
        [](Operation::Progress& progress) { ++progress.checkpoints_checked; });
    const absl::StatusOr<Checkpoint> opened =
        OpenCheckpoint(checkpoint.note, verifier_);
    if (!opened.ok() || opened->size != checkpoint.size) {
      Name(operation_, absl::StrCat("the checkpoint of ", checkpoint.size,
                                    " leaves is not as it was signed"));
    } else if (opened->root == root_.Root()) {
      good_ = checkpoint.size;
    } else {
      Name(operation_,
           absl::StrCat("auditEvents/", good_ + 1, " to ", checkpoint.size,
                        " are not what was signed"));
    }
  }

  Operation& operation_;
  const Store& store_;
  const AuditTree& tree_;
  const NoteVerifier verifier_;
  MerkleRoot root_;
  uint64_t good_;  // leaves up to the last checkpoint that holds
  std::vector<std::string> row_;
  AuditCheckpoint next_;
};

}  // namespace

absl::StatusOr<Operation::Progress> AuditCheck::Start(uint64_t first,
                                                      uint64_t last) {
  ASSIGN_OR_RETURN(const AuditRange range, exporter_.Choose(first, last));
  return operations_.Start([this, range](Operation& operation) {
    operation.Begin(
        Operation::Phase::kCheckingLog,
        range.empty() ? 0 : static_cast<int64_t>(range.last - range.first + 1));
    return Run(operation, range);
  });
}

absl::Status AuditCheck::Run(Operation& operation, const AuditRange& range) {
  ASSIGN_OR_RETURN(NoteVerifier verifier, signer_.Verifier());
  ASSIGN_OR_RETURN(std::vector<std::string> edge,
                   tree_.SubtreesOf(range.first - 1));
  ASSIGN_OR_RETURN(MerkleRoot before,
                   MerkleRoot::Resume(range.first - 1, std::move(edge)));
  Comparison comparison(operation, store_, tree_, std::move(verifier),
                        std::move(before));
  while (comparison.size() < range.last) {
    if (operation.stopping()) {
      operation.Cancelled();
      return absl::OkStatus();
    }
    AuditFilter filter;
    filter.after_sequence = comparison.size();
    filter.last_sequence = range.last;
    ASSIGN_OR_RETURN(const std::vector<AuditEntry> entries,
                     store_.ListAuditEntries(filter, kLeavesAtOnce));
    const uint64_t from = comparison.size();
    if (entries.empty()) RETURN_IF_ERROR(comparison.MissTo(range.last));
    for (const AuditEntry& entry : entries) {
      RETURN_IF_ERROR(comparison.Add(entry));
    }
    operation.Advance(static_cast<int64_t>(comparison.size() - from));
  }
  const absl::Status seen = witnesses_.Check();
  if (HasReason(seen, "DATABASE_ROLLED_BACK")) {
    Name(operation, MetadataOf(seen, "problem"));
  } else {
    RETURN_IF_ERROR(seen);
  }
  bool whole = true;
  operation.Change([&whole](Operation::Progress& progress) {
    whole = progress.broken_count == 0;
  });
  return whole ? absl::OkStatus() : errors::AuditLogBroken();
}

}  // namespace tokenvault
