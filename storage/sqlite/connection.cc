#include "storage/sqlite/connection.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/sqlite_errors.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

// Nobody of ours makes us wait: this is for an operator's own sqlite3 on the
// file, and short, since the writer stands still meanwhile.
constexpr int kBusyMilliseconds = 1000;

// The writer touches the same few pages again and again: 16 MB of them.
constexpr char kWriterCache[] = "PRAGMA cache_size=-16000";

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(
    const std::string& path, Role role, const char* vfs) {
  // The constructor is private.
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(role));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= role == Role::kReader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (role != Role::kMemory) flags |= SQLITE_OPEN_NOFOLLOW;
  const std::string name = role == Role::kMemory ? ":memory:" : path;
  int code = sqlite3_open_v2(name.c_str(), &connection->handle_, flags, vfs);
  if (code != SQLITE_OK) return FromSqlite(code);
  RETURN_IF_ERROR(connection->Configure());
  return connection;
}

SqliteConnection::~SqliteConnection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  // Fails only while statements are alive, and these cannot outlive us.
  sqlite3_close_v2(handle_);
}

absl::Status SqliteConnection::Run(absl::string_view sql) {
  return Statement(*this, sql).Run();
}

absl::Status SqliteConnection::RunScript(const std::string& sql) {
  return FromSqlite(
      Note(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr)));
}

absl::StatusOr<int64_t> SqliteConnection::Number(absl::string_view sql) {
  Statement statement(*this, sql);
  ASSIGN_OR_RETURN(bool found, statement.Step());
  int64_t number = found ? statement.TakeInt() : 0;
  RETURN_IF_ERROR(statement.status());
  return number;
}

absl::Status SqliteConnection::UseWriteAheadLog() {
  if (role_ == Role::kMemory) return absl::OkStatus();
  Statement statement(*this, "PRAGMA journal_mode=WAL");
  ASSIGN_OR_RETURN(bool found, statement.Step());
  if (found && statement.TakeText() == "wal") return absl::OkStatus();
  return errors::StorageUnsafe(
      "this folder's file system cannot hold a write-ahead log; use a local "
      "disk");
}

absl::Status SqliteConnection::Checkpoint(bool truncate) {
  if (role_ == Role::kMemory) return absl::OkStatus();
  // Not waiting for readers: what they hold back goes with the next one.
  sqlite3_busy_timeout(handle_, 0);
  int code = Note(sqlite3_wal_checkpoint_v2(
      handle_, nullptr,
      truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
      nullptr, nullptr));
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
  if (code == SQLITE_OK) log_pages_ = 0;
  return FromSqlite(code);
}

bool SqliteConnection::InTransaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

int64_t SqliteConnection::changes() const { return sqlite3_changes64(handle_); }

absl::Status SqliteConnection::Configure() {
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
  RETURN_IF_ERROR(RequireConfig(SQLITE_DBCONFIG_DEFENSIVE, 1));
  RETURN_IF_ERROR(RequireConfig(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0));
  RETURN_IF_ERROR(RequireConfig(SQLITE_DBCONFIG_DQS_DML, 0));
  RETURN_IF_ERROR(RequireConfig(SQLITE_DBCONFIG_DQS_DDL, 0));
  RETURN_IF_ERROR(RequireConfig(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0));
  // Closing must not checkpoint: the writer has done that, or must not.
  RETURN_IF_ERROR(RequireConfig(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1));
  RETURN_IF_ERROR(Require("trusted_schema", "0"));
  RETURN_IF_ERROR(Require("cell_size_check", "1"));
  RETURN_IF_ERROR(Require("foreign_keys", "1"));
  RETURN_IF_ERROR(Require("secure_delete", "1"));
  RETURN_IF_ERROR(Require("synchronous", "2"));
  RETURN_IF_ERROR(Require("temp_store", "2"));
  if (role_ == Role::kMemory) return absl::OkStatus();
  RETURN_IF_ERROR(Require("mmap_size", "0"));
  RETURN_IF_ERROR(Require("wal_autocheckpoint", "0"));
  if (role_ != Role::kWriter) return Require("query_only", "1");
  // Takes the place of SQLite's automatic checkpoint, and only counts.
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  return Run(kWriterCache);
}

absl::Status SqliteConnection::Require(absl::string_view pragma,
                                       absl::string_view value) {
  RETURN_IF_ERROR(RunScript(absl::StrCat("PRAGMA ", pragma, "=", value)));
  ASSIGN_OR_RETURN(int64_t found, Number(absl::StrCat("PRAGMA ", pragma)));
  if (absl::StrCat(found) == value) return absl::OkStatus();
  return errors::StorageUnsafe(absl::StrCat(
      "this build of SQLite does not accept ", pragma, "=", value));
}

absl::Status SqliteConnection::RequireConfig(int option, int value) {
  int found = -1;
  sqlite3_db_config(handle_, option, value, &found);
  if (found == value) return absl::OkStatus();
  return errors::StorageUnsafe(
      absl::StrCat("this build of SQLite does not accept setting ", option));
}

sqlite3_stmt* SqliteConnection::TakeStatement(absl::string_view sql,
                                              int& code) {
  auto it = statements_.find(sql);
  if (it != statements_.end() && it->second != nullptr) {
    return std::exchange(it->second, nullptr);
  }
  sqlite3_stmt* statement = nullptr;
  code =
      Note(sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                              SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  return statement;
}

void SqliteConnection::GiveBackStatement(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  sqlite3_stmt*& place = statements_[sqlite3_sql(statement)];
  if (place == nullptr) {
    place = statement;
  } else {
    sqlite3_finalize(statement);
  }
}

int SqliteConnection::Note(int code) {
  if (IsFailedSync(code)) sync_failed_ = true;
  return code;
}

}  // namespace tokenvault
