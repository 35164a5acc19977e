#include "vault/backup_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/merkle_tree.h"
#include "base/status_macros.h"
#include "crypto/key_ring.h"
#include "storage/open_store.h"

namespace tokenvault {
namespace {

absl::StatusOr<ArenaKey> OpenBackupKey(const BackupManifest& manifest,
                                       const OpenRootSource& root,
                                       SecretArena& arena) {
  for (const BackupManifest::Wrap& wrap : manifest.wraps) {
    if (wrap.kek_version != manifest.kek_version || wrap.source_id != root.id) {
      continue;
    }
    ASSIGN_OR_RETURN(ArenaKey master,
                     root.key->UnwrapMasterKey(arena, manifest.deployment_id,
                                               wrap.kek_version, wrap.source_id,
                                               wrap.wrapped));
    auto ring = KeyRing::Of(wrap.kek_version, wrap.key_id, std::move(master));
    absl::StatusOr<ArenaKey> key =
        ring->UnwrapBackupKey(arena, manifest.deployment_id, manifest.backup_id,
                              manifest.kek_version, manifest.wrapped_key);
    if (HasReason(key.status(), "SEAL_BROKEN") ||
        HasReason(key.status(), "KEY_UNKNOWN")) {
      return errors::BackupBroken("its key does not open");
    }
    return key;
  }
  return errors::RootKeyInvalid(
      absl::StrCat("this backup was not made with \"", root.id, "\""));
}

// What is wrong with a database that came out of a backup is wrong with the
// backup.
absl::Status AsBroken(const absl::Status& status) {
  return HasReason(status, "STORAGE_CORRUPT") ||
                 HasReason(status, "SEAL_BROKEN")
             ? errors::BackupBroken("its database is damaged")
             : status;
}

absl::Status Compare(const BackupManifest& manifest,
                     const BackupCounts& found) {
  int64_t connections = found.status.paused_connections;
  for (const auto& [state, count] : found.status.connections) {
    connections += count;
  }
  if (found.census.data_keys != manifest.data_keys ||
      found.census.records != manifest.records ||
      found.census.broken_count != manifest.broken ||
      found.census.root != manifest.data_keys_root ||
      connections != manifest.connections) {
    return errors::BackupBroken(
        absl::StrCat("it opens ", found.census.data_keys, " data keys and ",
                     found.census.records, " records of ", manifest.data_keys,
                     " and ", manifest.records, " that were in it"));
  }
  if (found.audit_sequence != manifest.audit_sequence ||
      found.audit_leaf_hash != manifest.audit_leaf_hash) {
    return errors::BackupBroken("its audit log is another");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BackupCounts> CountForBackup(
    const Store& store, KeyKeeper& keys,
    absl::FunctionRef<absl::Status()> go_on) {
  BackupCounts counts;
  absl::Status heard;
  ASSIGN_OR_RETURN(
      counts.census,
      CountSealed(store, keys, CensusDepth::kAllRecords, [&heard, &go_on] {
        heard = go_on();
        return heard.ok();
      }));
  RETURN_IF_ERROR(heard);
  ASSIGN_OR_RETURN(counts.status, store.GetStatus());
  ASSIGN_OR_RETURN(std::vector<AuditEntry> last,
                   store.ListLastAuditEntries(AuditFilter(), 1));
  if (!last.empty()) {
    counts.audit_sequence = last.front().sequence;
    counts.audit_leaf_hash = MerkleLeafHash(last.front().leaf);
  }
  return counts;
}

absl::StatusOr<CheckedBackup> CheckBackup(
    BackupFile file, const OpenRootSource& root, SecretArena& arena,
    const Clock& clock, const std::string& beside, BackupSteps steps) {
  CheckedBackup checked;
  checked.manifest = file.manifest();
  ASSIGN_OR_RETURN(ArenaKey key, OpenBackupKey(checked.manifest, root, arena));
  ASSIGN_OR_RETURN(WorkFolder folder, WorkFolder::Create(beside, file.bytes()));
  checked.folder = std::make_unique<WorkFolder>(std::move(folder));
  const std::string database = checked.folder->database();
  RETURN_IF_ERROR(
      file.Extract(key, database, [&steps](int64_t done, int64_t total) {
        return steps(BackupStep::kReading, done, total);
      }));

  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenStore({database, /*create=*/false});
  RETURN_IF_ERROR(AsBroken(store.status()));
  checked.store = *std::move(store);
  RETURN_IF_ERROR(AsBroken(checked.store->CheckIntegrity()));
  ASSIGN_OR_RETURN(Deployment deployment, checked.store->GetDeployment());
  if (deployment.id != checked.manifest.deployment_id) {
    return errors::BackupBroken("its database is another vault's");
  }
  absl::StatusOr<std::unique_ptr<KeyKeeper>> keys =
      KeyKeeper::Open(*checked.store, arena, *root.key, root.id, clock);
  RETURN_IF_ERROR(AsBroken(keys.status()));
  checked.keys = *std::move(keys);
  int64_t opened = 0;
  const int64_t total = checked.manifest.data_keys + checked.manifest.broken;
  ASSIGN_OR_RETURN(BackupCounts found,
                   CountForBackup(*checked.store, *checked.keys, [&] {
                     return steps(BackupStep::kOpening, opened++, total);
                   }));
  RETURN_IF_ERROR(Compare(checked.manifest, found));
  checked.census = std::move(found.census);
  return checked;
}

}  // namespace tokenvault
