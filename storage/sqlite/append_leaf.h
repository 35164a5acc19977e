#pragma once

#include "absl/status/status.h"
#include "storage/records.h"
#include "storage/sqlite/connection.h"

namespace tokenvault {

// Appends a leaf in the transaction that is open. Where it names people it gets
// what the log calls them; who has no name yet gets the one that came with it,
// in the same transaction.
absl::Status AppendLeaf(SqliteConnection& connection, const AuditEntry& entry);

}  // namespace tokenvault
