#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tokenvault {

// One open handle on the database, set up so that it keeps what the store
// promises: every setting is read back, and Open refuses to go on if one did
// not take.
//
//   durable      journal_mode=WAL, synchronous=FULL
//   erased       secure_delete=ON, temp_store=MEMORY
//   distrustful  trusted_schema=OFF, cell_size_check=ON, DEFENSIVE, no
//                extensions, no mmap: a doctored file can lie, not run
//   whole        foreign_keys=ON
//
// Exactly one handle of a process, the writer's, writes and checkpoints.
// Debian's SQLite damages the log when two do (fixed upstream in 3.51.3), so
// automatic checkpoints are off everywhere and readers cannot make one.
//
// Not thread-safe: hold mutex() while using it.
class SqliteConnection {
 public:
  enum class Role {
    kWriter,  // may change the file, which must exist
    kReader,  // cannot
    // Will not, though it could: SQLite leaves the CHECKs of the schema out of
    // handles that cannot write, and so out of their integrity_check.
    kInspector,
    kMemory,  // a database of its own in RAM, read and written through here
  };
  // `path` is absolute and holds no symbolic link (kMemory: ignored). `vfs` is
  // the name of a registered sqlite3_vfs, or null for the usual one.
  // STORAGE_UNSAFE when a setting did not take; else what the disk says.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(
      const std::string& path, Role role, const char* vfs = nullptr);

  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Whoever uses the handle holds this. Uncontended but for kMemory, where it
  // keeps readers out of the writer's transaction.
  Mutex& mutex() { return mutex_; }

  // One statement without parameters or rows.
  absl::Status Run(absl::string_view sql);
  // All statements of `sql`, such as a schema file.
  absl::Status RunScript(const std::string& sql);
  // The one number that `sql`, a pragma or a count, answers with.
  absl::StatusOr<int64_t> Number(absl::string_view sql);
  // Makes commits go to a log beside the file. Writer only; nothing for
  // kMemory.
  absl::Status UseWriteAheadLog();
  // Moves the log into the database, as far as readers let it; with `truncate`
  // also empties the log file. Writer only; nothing for kMemory.
  absl::Status Checkpoint(bool truncate);

  // Copies the database, as of one moment, into the file `path`, which is there
  // and empty. `go_on` as Store::CopyTo's.
  absl::Status CopyTo(
      const std::string& path,
      absl::FunctionRef<absl::Status(int64_t done, int64_t total)> go_on);

  bool InTransaction() const;
  // Rows touched by the last insert, update or delete.
  int64_t changes() const;
  // Pages in the log after the last commit of this handle.
  int log_pages() const { return log_pages_; }
  // An fsync failed on this handle: see IsFailedSync. Never false again.
  bool sync_failed() const { return sync_failed_; }

 private:
  friend class Statement;

  explicit SqliteConnection(Role role) : role_(role) {}
  absl::Status Configure();
  absl::Status Require(absl::string_view pragma, absl::string_view value);
  absl::Status RequireConfig(int option, int value);

  // Statements stay compiled, by their text. A statement in use is not in here.
  // Null, and `code` set, when SQLite does not accept the text.
  sqlite3_stmt* TakeStatement(absl::string_view sql, int& code);
  void GiveBackStatement(sqlite3_stmt* statement);
  // Every result code passes here.
  int Note(int code);

  const Role role_;
  Mutex mutex_;
  sqlite3* handle_ = nullptr;
  absl::flat_hash_map<std::string, sqlite3_stmt*> statements_;
  int log_pages_ = 0;
  bool sync_failed_ = false;
};

}  // namespace tokenvault
