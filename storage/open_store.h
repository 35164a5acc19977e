#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace tokenvault {

// Where the vault is kept.
struct StoreOptions {
  // A file, in a folder that exists; or ":memory:", which is the real thing in
  // RAM: always new, gone when closed, `create` does not matter.
  std::string path;
  // Make a new vault (`tokenvault init`). False: the vault must be there.
  bool create = false;
};

// Opens the vault for this process alone, brings its schema up to date, and
// looks it over (quick_check).
//
//   STORAGE_NOT_INITIALIZED  no vault there, and `create` was not asked for
//   ALREADY_EXISTS           `create`, and a vault is there. An interrupted
//                            init, without its Deployment, is taken up again.
//   STORAGE_BUSY             another process has it open (`<path>.lock`)
//   STORAGE_FOREIGN          the file is not ours, or of a newer version
//   STORAGE_UNSAFE           others may read the file, or SQLite does not
//                            accept a setting that keeps what we promise
//   STORAGE_PATH_INVALID     no such folder, not writable, not a plain file
//
// and what the disk says: STORAGE_CORRUPT, STORAGE_FULL, STORAGE_FAILED.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options);

}  // namespace tokenvault
