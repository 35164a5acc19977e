#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/backup_check.h"
#include "vault/key_keeper.h"
#include "vault/operations.h"
#include "vault/root_sources.h"

namespace tokenvault {

// Backups of this vault, made and looked at while it serves.
//
//   1. copy    the database as of one moment, into a folder of its own beside
//              the target; writers go on
//   2. open    everything in the copy, for the manifest
//   3. write   NAME.partial: the manifest, then the copy, sealed under a key
//              of this backup alone, which the active master key wraps
//   4. record  one commit: the row, which keeps the master keys it needs from
//              being destroyed, and the leaf
//   5. name    the file gets its name, and overwrites nothing
//
// What does not come to its end leaves no file behind; only a kill leaves
// NAME.partial, and the folder beside it. Thread-safe.
class Backups {
 public:
  // `beside`: where there is room for a database that is looked at, the path
  // of the vault's own; "" for a vault in memory, which uses the backup's.
  Backups(const Clock& clock, Store& store, KeyKeeper& keys,
          const RootSources& roots, Operations& operations, std::string beside);

  // Into the new file `path`, which is absolute. OPERATION_RUNNING,
  // VAULT_SEALED, BACKUP_PATH_INVALID, ALREADY_EXISTS; it ends with these too,
  // with STORAGE_FULL and the other errors of the disk.
  absl::StatusOr<Operation::Progress> Create(const std::string& path,
                                             const std::string& request_id);
  // Opens all of the backup at `path`, and notes that it is good.
  // OPERATION_RUNNING, VAULT_SEALED; it ends with BACKUP_BROKEN, and `problem`
  // of the progress says why, or as CheckBackup does.
  absl::StatusOr<Operation::Progress> Verify(const std::string& path,
                                             const std::string& request_id);

  // Oldest first. STORAGE_*.
  absl::StatusOr<std::vector<BackupRecord>> List() const;
  // The file is gone, wherever it was: nothing is kept for it any more.
  // RESOURCE_DENIED, STORAGE_*.
  absl::Status Forget(const std::string& id, const std::string& request_id);

 private:
  absl::Status Make(Operation& operation, const std::string& path,
                    const std::string& request_id);
  absl::StatusOr<BackupManifest> Describe(Operation& operation,
                                          const std::string& database);
  absl::Status Check(Operation& operation, const std::string& path,
                     const std::string& request_id);
  absl::Status NoteVerified(Operation& operation, const CheckedBackup& checked,
                            const std::string& path,
                            const std::string& request_id);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  const RootSources& roots_;
  Operations& operations_;
  const std::string beside_;
};

// The leaf about a backup.
AuditEntry BackupEvent(absl::string_view kind, const std::string& backup_id,
                       const std::string& detail, const std::string& request_id,
                       absl::Time now);

}  // namespace tokenvault
