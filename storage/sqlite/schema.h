#pragma once

#include <vector>

#include "absl/status/status.h"
#include "base/embedded.h"
#include "storage/sqlite/connection.h"

namespace tokenvault {

// "TKVL", in the header of every database of ours.
inline constexpr int kApplicationId = 0x544b564c;

// The schema files that are compiled in (cmake/embed.cmake).
const std::vector<EmbeddedFile>& SchemaFiles();

// Makes sure that the database behind `writer` is a vault of the schema that
// `files` describe, and brings an older one up to date, one transaction a step.
// A blank one becomes a vault when `create` is set.
//
//   STORAGE_NOT_INITIALIZED  blank, and not `create`
//   STORAGE_FOREIGN          another program's, or a newer version's
absl::Status PrepareSchema(SqliteConnection& writer,
                           const std::vector<EmbeddedFile>& files, bool create);

}  // namespace tokenvault
