#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"
#include "vault/audit_tree.h"
#include "vault/checkpoints.h"
#include "vault/note_signer.h"

namespace tokenvault {

// Leaves by number, with both ends.
struct AuditRange {
  uint64_t first = 1;
  uint64_t last = 0;  // first - 1: none

  bool empty() const { return last < first; }
};

// Parts of the log for others to keep and to check: exports, and the proof of
// one leaf (docs/audit-format.md). Thread-safe.
class AuditExporter {
 public:
  AuditExporter(Store& store, NoteSigner& signer, AuditTree& tree,
                Checkpoints& checkpoints)
      : store_(store),
        signer_(signer),
        tree_(tree),
        checkpoints_(checkpoints) {}

  // What can be exported: from `first` to `last`, or from the oldest leaf that
  // is kept, to the newest; 0 is for those. Signs a checkpoint when the newest
  // leaves have none. FIELD_INVALID on "first" or "last" when there is no such
  // leaf here. VAULT_SEALED, STORAGE_*.
  absl::StatusOr<AuditRange> Choose(uint64_t first, uint64_t last);

  // The export of `range` in pieces of some hundred leaves: the one that begins
  // with leaf `next`, at first range.first. VAULT_SEALED, STORAGE_*.
  struct Piece {
    std::string text;
    uint64_t next = 0;  // 0 when this was the last
  };
  absl::StatusOr<Piece> Read(const AuditRange& range, uint64_t next);

  // One leaf's way to the newest checkpoint, as a c2sp.org/tlog-proof.
  // NOT_FOUND; VAULT_SEALED, STORAGE_*.
  absl::StatusOr<std::string> Prove(uint64_t sequence);

 private:
  absl::StatusOr<std::string> Header(const AuditRange& range);
  absl::StatusOr<std::string> CheckpointLine(const AuditCheckpoint& checkpoint);
  absl::StatusOr<std::string> CheckpointBeyond(uint64_t last);

  Store& store_;
  NoteSigner& signer_;
  AuditTree& tree_;
  Checkpoints& checkpoints_;
};

}  // namespace tokenvault
