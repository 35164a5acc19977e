#pragma once

#include "absl/status/status.h"

namespace tokenvault {

// SQLite's result code, plain or extended, as one of our errors. By number:
// SQLite's sentences quote SQL and names, and never enter a status.
//
//   FULL → STORAGE_FULL      BUSY, LOCKED → STORAGE_BUSY
//   CORRUPT → STORAGE_CORRUPT      NOTADB → STORAGE_FOREIGN
//   OK, ROW, DONE → OK       all else → STORAGE_FAILED(code)
absl::Status FromSqlite(int code);

// The disk may not hold what we wrote, and asking again proves nothing: after a
// failed fsync the kernel may drop the pages and then report success.
bool IsFailedSync(int code);

}  // namespace tokenvault
