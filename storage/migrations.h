#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/embedded.h"

namespace tokenvault {

// A step of the schema: what turns version - 1 into version.
struct Migration {
  int version = 0;
  std::string sql;
};

// The steps that a database of version `current` still needs, in order. `files`
// are schema files, named by their version: "0001_initial.sql", 0002, … without
// gaps (INTERNAL if not: they are compiled in).
// STORAGE_FOREIGN when the database is newer than the files.
absl::StatusOr<std::vector<Migration>> PendingMigrations(
    const std::vector<EmbeddedFile>& files, int current);

}  // namespace tokenvault
