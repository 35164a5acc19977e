#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/audit_tree.h"
#include "vault/note_signer.h"

namespace tokenvault {

// Signs how far the audit log is: one checkpoint for each thousand leaves, and
// one of all that there are when ten seconds have gone by
// (docs/audit-format.md). A leaf is in the tree, and under a signature, that
// much later than it is durable; no caller waits for it.
//
// Thread-safe.
class Checkpoints {
 public:
  static constexpr absl::Duration kEvery = absl::Seconds(10);
  static constexpr uint64_t kLeaves = 1000;

  Checkpoints(const Clock& clock, Store& store, NoteSigner& signer,
              AuditTree& tree)
      : clock_(clock), store_(store), signer_(signer), tree_(tree) {}

  // Takes into the tree what is committed, and signs nothing: for before the
  // past was compared with what others saw of it. STORAGE_*.
  absl::Status CatchUp();
  // Those that are due. What goes wrong is logged, and due again.
  void Keep();
  // One of all leaves that are committed now, or the newest when there is no
  // news. NOT_FOUND when there are no leaves. VAULT_SEALED, STORAGE_*.
  absl::StatusOr<AuditCheckpoint> Make();

 private:
  absl::Status KeepDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(making_);
  absl::Status SignAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(making_);
  absl::Status Sign(const AuditTree::Head& head, WriteBatch& batch);
  // How many leaves the newest checkpoint is of, and how many came since.
  absl::StatusOr<uint64_t> Signed() const;
  absl::StatusOr<uint64_t> Unsigned() const;

  const Clock& clock_;
  Store& store_;
  NoteSigner& signer_;
  AuditTree& tree_;

  Mutex making_;  // one at a time
  absl::Duration made_ ABSL_GUARDED_BY(making_) =
      -absl::InfiniteDuration();  // since boot
  bool failing_ ABSL_GUARDED_BY(making_) = false;
};

}  // namespace tokenvault
