#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store.h"
#include "vault/audit_exporter.h"
#include "vault/audit_tree.h"
#include "vault/note_signer.h"
#include "vault/operations.h"
#include "vault/witnesses.h"

namespace tokenvault {

// Reads the audit log in this vault from one end to the other: whether each
// leaf is what the tree took in, whether the tree is what was signed of it, and
// whether it is what others saw. Who can write to the database and holds the
// signing key, too, is found out by witnesses alone.
//
// Thread-safe; one operation at a time.
class AuditCheck {
 public:
  AuditCheck(Store& store, NoteSigner& signer, AuditTree& tree,
             Witnesses& witnesses, AuditExporter& exporter,
             Operations& operations)
      : store_(store),
        signer_(signer),
        tree_(tree),
        witnesses_(witnesses),
        exporter_(exporter),
        operations_(operations) {}

  // From leaf `first` to `last`, or all that are kept where they are 0. What is
  // not as it should be is named in `broken` of the progress, and the
  // operation then ends with AUDIT_LOG_BROKEN. FIELD_INVALID as
  // AuditExporter::Choose; VAULT_SEALED, OPERATION_RUNNING; it may end with
  // STORAGE_*.
  absl::StatusOr<Operation::Progress> Start(uint64_t first, uint64_t last);

 private:
  absl::Status Run(Operation& operation, const AuditRange& range);

  Store& store_;
  NoteSigner& signer_;
  AuditTree& tree_;
  Witnesses& witnesses_;
  AuditExporter& exporter_;
  Operations& operations_;
};

}  // namespace tokenvault
