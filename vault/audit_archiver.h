#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/audit_exporter.h"
#include "vault/audit_tree.h"
#include "vault/note_signer.h"
#include "vault/operations.h"
#include "vault/witnesses.h"

namespace tokenvault {

// Moves old leaves from the database into files, so that it does not grow for
// ever: exports that follow one another (docs/audit-format.md), each up to a
// checkpoint that every witness has. The tree stays, and so do all proofs; of
// the leaves, those stay that say what a sealed record of now must be.
//
//   1. write   NAME.partial, and give it its name
//   2. read    it again: its leaves are what the tree took in
//   3. record  one commit: the range is archived, and the leaf that says so
//   4. remove  the leaves, some at a time
//
// A crash loses nothing: a file that is there and good is taken, and leaves
// that are left over are removed by the next run. Thread-safe.
class AuditArchiver {
 public:
  // How often it is looked for leaves that are too old.
  static constexpr absl::Duration kEvery = absl::Hours(1);

  // `folder`: "" where nothing is to be archived. `keep`: how long leaves stay
  // unless an operator says otherwise; without end: for ever.
  AuditArchiver(const Clock& clock, Store& store, NoteSigner& signer,
                AuditTree& tree, Witnesses& witnesses, AuditExporter& exporter,
                Operations& operations, std::string folder,
                absl::Duration keep);

  // Archives what `keep` says, if that is due. While another operation runs it
  // stays due. For one thread.
  void Keep();

  // Of leaves that were written before `before`. CONFIG_INVALID without a
  // folder; VAULT_SEALED, OPERATION_RUNNING. It ends with STORAGE_*,
  // ALREADY_EXISTS when another file is in its place, AUDIT_LOG_BROKEN when
  // what was written is not what the tree took in.
  absl::StatusOr<Operation::Progress> Start(absl::Time before,
                                            const std::string& actor,
                                            const std::string& request_id);

 private:
  absl::Status Run(Operation& operation, absl::Time before,
                   const std::string& actor, const std::string& request_id);
  absl::StatusOr<AuditRange> Due(absl::Time before) const;
  absl::Status WriteFile(Operation& operation, const AuditRange& range,
                         const std::string& path);
  absl::Status ReadBack(const AuditRange& range, const std::string& path) const;
  absl::Status RemoveArchived(Operation& operation);

  const Clock& clock_;
  Store& store_;
  NoteSigner& signer_;
  AuditTree& tree_;
  Witnesses& witnesses_;
  AuditExporter& exporter_;
  Operations& operations_;
  const std::string folder_;
  const absl::Duration keep_;
  absl::Duration next_ = kEvery;  // since boot
};

}  // namespace tokenvault
