#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "storage/store.h"
#include "storage/work_folder.h"
#include "vault/backup_file.h"
#include "vault/key_keeper.h"
#include "vault/sealed_census.h"

namespace tokenvault {

// A root source that is open, by its name.
struct OpenRootSource {
  std::shared_ptr<const RootKey> key;
  std::string id;
};

enum class BackupStep { kReading, kOpening };
// Hears how much of how much of a step is done: bytes of the file, then data
// keys. Its first error ends the work.
using BackupSteps = absl::FunctionRef<absl::Status(
    BackupStep step, int64_t done, int64_t total)>;

// A backup that is good: its database, out of the file and open, in a folder
// that goes with this object.
struct CheckedBackup {
  BackupManifest manifest;
  SealedCensus census;
  // Destroyed from the end: who uses the store before the store.
  std::unique_ptr<WorkFolder> folder;
  std::unique_ptr<Store> store;
  std::unique_ptr<KeyKeeper> keys;
};

// What there is in a database, as its manifest counts it.
struct BackupCounts {
  SealedCensus census;
  StoreStatus status;
  uint64_t audit_sequence = 0;
  std::string audit_leaf_hash;
};
// Opens everything. `go_on` hears of each data key; its first error ends it.
absl::StatusOr<BackupCounts> CountForBackup(
    const Store& store, KeyKeeper& keys,
    absl::FunctionRef<absl::Status()> go_on);

// Reads all of `file`, opens everything in it with `root`, and compares it with
// what the manifest says. The folder that it is opened in is made beside
// `beside`. BACKUP_BROKEN; ROOT_KEY_INVALID when it is no backup of this root;
// STORAGE_FOREIGN for one of a newer version; STORAGE_FULL and the other errors
// of the disk.
absl::StatusOr<CheckedBackup> CheckBackup(
    BackupFile file, const OpenRootSource& root, SecretArena& arena,
    const Clock& clock, const std::string& beside, BackupSteps steps);

}  // namespace tokenvault
