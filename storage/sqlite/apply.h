#pragma once

#include "absl/status/status.h"
#include "storage/sqlite/connection.h"
#include "storage/write_batch.h"

namespace tokenvault {

// Does what the batch says, within the transaction that is open on
// `connection`: all of it, or nothing when a condition fails (write_batch.h) or
// the disk does. After the latter SQLite may have given up the transaction:
// look at connection.InTransaction().
absl::Status Apply(SqliteConnection& connection, const WriteBatch& batch);

}  // namespace tokenvault
