#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "crypto/secret_arena.h"
#include "vault/backup_check.h"
#include "vault/directory.h"
#include "vault/restored_tokens.h"

namespace tokenvault {

struct RestoreOrder {
  std::string file;      // the backup: as told, for the record
  std::string path;      // of the database
  bool replace = false;  // a vault that is there is set aside
  bool trust_tokens = false;
};

struct Restored {
  BackupManifest manifest;
  RestoredTokens tokens;
  // Whether the vault that was replaced told what happened after the backup.
  bool followed = false;
  std::vector<std::string> set_aside;  // names of what was there
};

// Puts a backup in the place of the vault at `path`, which no daemon serves
// meanwhile. The backup is opened whole and its tokens settled
// (vault/restored_tokens.h) before anything at `path` is touched; a kill at any
// point leaves the one vault or the other (storage/replace_vault.h).
//
// ALREADY_EXISTS without `replace`, STORAGE_BUSY while somebody serves it;
// errors of CheckBackup and ReplaceVault.
absl::StatusOr<Restored> RestoreVault(const RestoreOrder& order,
                                      BackupFile backup,
                                      const OpenRootSource& root,
                                      const Directory& directory,
                                      SecretArena& arena, const Clock& clock,
                                      BackupSteps steps);

}  // namespace tokenvault
