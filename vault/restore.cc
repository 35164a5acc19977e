#include "vault/restore.h"

#include <sys/stat.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/merkle_tree.h"
#include "base/status_macros.h"
#include "storage/open_store.h"
#include "storage/replace_vault.h"
#include "storage/small_file.h"
#include "vault/audit_tree.h"
#include "vault/backups.h"
#include "vault/checkpoints.h"
#include "vault/note_signer.h"

namespace tokenvault {
namespace {

bool IsAnythingThere(const std::string& path) {
  struct stat found = {};
  return lstat(path.c_str(), &found) == 0;
}

// The vault that is to be replaced, if it can still be read; held by this
// process. Null when there is none, or none that can be read.
absl::StatusOr<std::unique_ptr<Store>> OpenOld(const RestoreOrder& order) {
  if (!IsAnythingThere(order.path)) return nullptr;
  if (!order.replace) return errors::AlreadyExists("vault");
  absl::StatusOr<std::unique_ptr<Store>> old =
      OpenStore({order.path, /*create=*/false});
  // Somebody serves it, or it is not ours to touch.
  for (const char* reason :
       {"STORAGE_BUSY", "STORAGE_UNSAFE", "STORAGE_PATH_INVALID"}) {
    if (HasReason(old.status(), reason)) return old.status();
  }
  return old.ok() ? *std::move(old) : nullptr;
}

// Whether `old` is the vault of the backup, at that time or later.
bool GoesOnFrom(const BackupManifest& manifest, const Store& old) {
  absl::StatusOr<Deployment> deployment = old.GetDeployment();
  if (!deployment.ok() || deployment->id != manifest.deployment_id) {
    return false;
  }
  if (manifest.audit_sequence == 0) return true;
  AuditFilter filter;
  filter.after_sequence = manifest.audit_sequence - 1;
  absl::StatusOr<std::vector<AuditEntry>> leaf =
      old.ListAuditEntries(filter, 1);
  return leaf.ok() && !leaf->empty() &&
         MerkleLeafHash(leaf->front().leaf) == manifest.audit_leaf_hash;
}

// It knows of itself what made it.
WriteBatch RecordOf(const BackupManifest& manifest, const std::string& file,
                    absl::Time now) {
  BackupRecord record;
  record.id = manifest.backup_id;
  record.create_time = manifest.time;
  record.lowest_kek_version = manifest.lowest_kek_version();
  record.highest_kek_version = manifest.highest_kek_version();
  record.location = file;
  record.verify_time = now;
  WriteBatch batch;
  batch.Insert(std::move(record));
  return batch;
}

AuditEvent RestoredEvent(const BackupManifest& manifest, bool followed) {
  AuditEvent event;
  event.kind = audit_kind::kBackupRestored;
  event.actor = "operator";
  event.detail = absl::StrCat(
      "backup ", manifest.backup_id, ", as of leaf ", manifest.audit_sequence,
      followed ? ", compared with the vault it replaces" : "");
  return event;
}

// Of all that is in its log now.
absl::StatusOr<AuditCheckpoint> CheckpointOf(Store& store, KeyKeeper& keys,
                                             const Clock& clock) {
  NoteSigner signer(clock, store, keys);
  AuditTree tree(store);
  return Checkpoints(clock, store, signer, tree).Make();
}

}  // namespace

absl::StatusOr<Restored> RestoreVault(const RestoreOrder& order,
                                      BackupFile backup,
                                      const OpenRootSource& root,
                                      const Directory& directory,
                                      SecretArena& arena, const Clock& clock,
                                      BackupSteps steps) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> old, OpenOld(order));
  ASSIGN_OR_RETURN(
      CheckedBackup checked,
      CheckBackup(std::move(backup), root, arena, clock, order.path, steps));
  Restored restored;
  restored.manifest = checked.manifest;
  restored.followed = old != nullptr && GoesOnFrom(checked.manifest, *old);
  const absl::Time now = clock.Now();
  ASSIGN_OR_RETURN(
      restored.tokens,
      SettleRestoredTokens(
          *checked.store, restored.followed ? old.get() : nullptr,
          checked.manifest.audit_sequence, directory, order.trust_tokens,
          RestoredEvent(checked.manifest, restored.followed),
          RecordOf(checked.manifest, order.file, now), now));
  ASSIGN_OR_RETURN(const AuditCheckpoint checkpoint,
                   CheckpointOf(*checked.store, *checked.keys, clock));
  // Closed, so that all of it is in the one file.
  checked.keys.reset();
  checked.store.reset();
  FaultPoint("restore.verified");

  const std::string aside =
      absl::StrCat(order.path, ".before-",
                   absl::FormatTime("%Y%m%dT%H%M%S", now, absl::UTCTimeZone()));
  ASSIGN_OR_RETURN(
      restored.set_aside,
      ReplaceVault(checked.folder->database(), order.path, aside, old.get()));
  RETURN_IF_ERROR(WriteSmallFile(absl::StrCat(order.path, kCheckpointSuffix),
                                 checkpoint.note));
  return restored;
}

}  // namespace tokenvault
