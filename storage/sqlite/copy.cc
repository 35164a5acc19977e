// A copy of the whole database as of one moment: SqliteStore::CopyTo.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/status_macros.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/sqlite_errors.h"
#include "storage/sqlite/sqlite_store.h"

namespace tokenvault {
namespace {

// 4 MB: enough that a step costs more than asking whether to go on.
constexpr int kPagesAStep = 1024;

absl::Status MakeEmptyFile(const std::string& path) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
           0600));
  if (file.ok()) return absl::OkStatus();
  switch (errno) {
    case EEXIST:
      return errors::AlreadyExists("file");
    case ENOSPC:
    case EDQUOT:
      return errors::StorageFull();
    default:
      return errors::StoragePathInvalid(
          absl::StrCat(path, " cannot be made: system error ", errno));
  }
}

// The handle on the new file. It is whole or removed, so it needs no journal,
// and it is synced by whoever keeps it.
class CopyTarget {
 public:
  explicit CopyTarget(const std::string& path) {
    code_ = sqlite3_open_v2(
        path.c_str(), &handle_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    if (code_ != SQLITE_OK) return;
    code_ = sqlite3_exec(handle_,
                         "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;",
                         nullptr, nullptr, nullptr);
  }
  ~CopyTarget() { sqlite3_close_v2(handle_); }
  CopyTarget(const CopyTarget&) = delete;
  CopyTarget& operator=(const CopyTarget&) = delete;

  sqlite3* handle() const { return handle_; }
  int code() const { return code_; }

 private:
  sqlite3* handle_ = nullptr;
  int code_;
};

absl::Status CopyPages(
    sqlite3* from, sqlite3* to,
    absl::FunctionRef<absl::Status(int64_t done, int64_t total)> go_on) {
  sqlite3_backup* copying = sqlite3_backup_init(to, "main", from, "main");
  if (copying == nullptr) return FromSqlite(sqlite3_errcode(to));
  absl::Status heard;
  int code = SQLITE_OK;
  while (heard.ok() && code == SQLITE_OK) {
    code = sqlite3_backup_step(copying, kPagesAStep);
    const int total = sqlite3_backup_pagecount(copying);
    heard = go_on(total - sqlite3_backup_remaining(copying), total);
  }
  const int finished = sqlite3_backup_finish(copying);
  if (!heard.ok()) return heard;
  return FromSqlite(finished == SQLITE_OK && code != SQLITE_DONE ? code
                                                                 : finished);
}

}  // namespace

absl::Status SqliteConnection::CopyTo(
    const std::string& path,
    absl::FunctionRef<absl::Status(int64_t done, int64_t total)> go_on) {
  const CopyTarget target(path);
  if (target.code() != SQLITE_OK) return FromSqlite(target.code());
  // The moment is that of the first read, and every step sees it.
  RETURN_IF_ERROR(Run("BEGIN"));
  absl::Status copied = Number("SELECT count(*) FROM sqlite_schema").status();
  if (copied.ok()) copied = CopyPages(handle_, target.handle(), go_on);
  absl::Status ended = Run("COMMIT");
  return copied.ok() ? ended : copied;
}

absl::Status SqliteStore::CopyTo(
    const std::string& path,
    absl::FunctionRef<absl::Status(int64_t, int64_t)> go_on) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  RETURN_IF_ERROR(MakeEmptyFile(path));
  absl::Status copied = (*reader).CopyTo(path, go_on);
  if (!copied.ok()) unlink(path.c_str());
  return copied;
}

}  // namespace tokenvault
