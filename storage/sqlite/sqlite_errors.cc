#include "storage/sqlite/sqlite_errors.h"

#include <sqlite3.h>

#include "base/errors.h"

namespace tokenvault {

absl::Status FromSqlite(int code) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_FULL:
      return errors::StorageFull();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return errors::StorageBusy();
    case SQLITE_CORRUPT:
      return errors::StorageCorrupt();
    case SQLITE_NOTADB:
      return errors::StorageForeign("the file is not a database");
    default:
      return errors::StorageFailed(code);
  }
}

bool IsFailedSync(int code) {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace tokenvault
