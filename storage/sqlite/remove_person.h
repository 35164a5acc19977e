#pragma once

#include "absl/status/status.h"
#include "storage/sqlite/connection.h"
#include "storage/write_batch.h"

namespace tokenvault {

// The operations of a batch that remove what is a person's, in the transaction
// that is open.
absl::Status ApplyRemoval(SqliteConnection& connection,
                          const WriteBatch::RemoveVisits& person);
absl::Status ApplyRemoval(SqliteConnection& connection,
                          const WriteBatch::RemovePerson& person);

}  // namespace tokenvault
