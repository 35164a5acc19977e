#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace tokenvault {

// What is kept beside the database, by what is added to its path.
inline constexpr char kLandingSuffix[] = ".landing";
inline constexpr char kCheckpointSuffix[] = ".checkpoint";

// Puts the database `next`, which is whole in its one file and which nobody has
// open, in the place of the vault at `path`. What was there keeps a second name
// that begins with `aside`, and is never removed: returns those names.
//
// `old` is the open store at `path`, which keeps others out and is not written
// to any more; null when nothing is there, or it cannot be opened: then it is
// claimed here.
//
// A crash at any point leaves one of the two vaults at `path`, never a mix.
// What is beside it goes before it (the mark of how far it was) or after it
// (landed answers), so that neither vault is started with what is another's.
// That does not hold of an old vault that cannot be opened: its log is taken
// away before it is.
//
// STORAGE_BUSY, STORAGE_UNSAFE, STORAGE_PATH_INVALID, STORAGE_FULL,
// STORAGE_FAILED; ALREADY_EXISTS when something is there after all, or under a
// name of `aside`. The vault at `path` is then as it was.
absl::StatusOr<std::vector<std::string>> ReplaceVault(const std::string& next,
                                                      const std::string& path,
                                                      const std::string& aside,
                                                      Store* old);

}  // namespace tokenvault
