#include "storage/sqlite/sqlite_store.h"

#include <sys/statvfs.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

constexpr char kMemory[] = ":memory:";

// Ten seconds. Reads are short; the long ones, of all data keys, end within
// that too unless there are millions.
constexpr int kScrubTries = 500;
constexpr absl::Duration kScrubPause = absl::Milliseconds(20);

constexpr char kCountConnections[] =
    "SELECT paused, state, count(*) FROM connection GROUP BY paused, state";
constexpr char kCountDeks[] =
    "SELECT kek_version, count(*) FROM dek GROUP BY kek_version";
// There are no gaps, so the last number is the count.
constexpr char kLastSequence[] = "SELECT coalesce(max(sequence), 0) FROM audit";
constexpr char kRamBytes[] =
    "SELECT page_count * page_size FROM pragma_page_count,"
    " pragma_page_size";
// Of those behind what was archived.
constexpr char kAuditGaps[] =
    "WITH kept(after) AS (SELECT coalesce(max(last), 0) FROM audit_archive)"
    " SELECT coalesce(max(sequence), after) - after - count(sequence)"
    " FROM kept LEFT JOIN audit ON sequence > after";
constexpr char kOrphans[] = "SELECT count(*) FROM pragma_foreign_key_check";

// `pragma` answers with one row, "ok", or with what is wrong.
absl::Status ExpectOk(SqliteConnection& connection, absl::string_view pragma) {
  Statement check(connection, pragma);
  ASSIGN_OR_RETURN(bool found, check.Step());
  bool ok = found && check.TakeText() == "ok";
  RETURN_IF_ERROR(check.status());
  return ok ? absl::OkStatus() : errors::StorageCorrupt();
}

absl::Status ExpectZero(SqliteConnection& connection, absl::string_view sql) {
  ASSIGN_OR_RETURN(int64_t number, connection.Number(sql));
  return number == 0 ? absl::OkStatus() : errors::StorageCorrupt();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const StoreOptions& options, const char* vfs) {
  const bool in_ram = options.path == kMemory;
  const bool create = options.create || in_ram;
  std::unique_ptr<DatabaseFile> file;
  if (!in_ram) {
    ASSIGN_OR_RETURN(file, DatabaseFile::Claim(options.path, create));
  }
  ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteConnection> connection,
      in_ram ? SqliteConnection::Open("", SqliteConnection::Role::kMemory)
             : SqliteConnection::Open(file->path(),
                                      SqliteConnection::Role::kWriter, vfs));
  // The schema before the log, so that the file itself says whose it is.
  RETURN_IF_ERROR(PrepareSchema(*connection, SchemaFiles(), create));
  RETURN_IF_ERROR(connection->UseWriteAheadLog());
  RETURN_IF_ERROR(ExpectOk(*connection, "PRAGMA quick_check(1)"));
  // The constructor is private.
  std::unique_ptr<SqliteStore> store(new SqliteStore(
      options.path, std::move(file), std::move(connection), vfs));
  if (create) {
    absl::Status found = store->GetDeployment().status();
    if (found.ok()) return errors::AlreadyExists("vault");
    if (!absl::IsNotFound(found)) return found;
  }
  return store;
}

SqliteStore::SqliteStore(std::string location,
                         std::unique_ptr<DatabaseFile> file,
                         std::unique_ptr<SqliteConnection> connection,
                         const char* vfs)
    : location_(std::move(location)),
      file_(std::move(file)),
      connection_(std::move(connection)),
      readers_(file_ == nullptr ? ReaderPool(*connection_)
                                : ReaderPool(file_->path(), vfs)),
      writer_(*connection_) {}

void SqliteStore::Commit(WriteBatch batch,
                         absl::AnyInvocable<void(absl::Status)> done) {
  writer_.Commit(std::move(batch), std::move(done));
}

absl::Status SqliteStore::Scrub() {
  absl::Status scrubbed = writer_.Scrub();
  for (int i = 0; i < kScrubTries && HasReason(scrubbed, "STORAGE_BUSY"); ++i) {
    absl::SleepFor(kScrubPause);
    scrubbed = writer_.Scrub();
  }
  return scrubbed;
}

absl::StatusOr<StoreStatus> SqliteStore::GetStatus() const {
  StoreStatus status;
  status.location = location_;
  status.committed_batches = writer_.committed_batches();
  status.commit_transactions = writer_.commit_transactions();
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  if (file_ != nullptr) {
    status.bytes = file_->bytes();
    struct statvfs disk;
    if (statvfs(location_.c_str(), &disk) == 0) {
      status.free_bytes = static_cast<int64_t>(disk.f_bavail) *
                          static_cast<int64_t>(disk.f_frsize);
    }
  } else {
    ASSIGN_OR_RETURN(status.bytes, (*reader).Number(kRamBytes));
  }
  ASSIGN_OR_RETURN(status.audit_entries, (*reader).Number(kLastSequence));
  ASSIGN_OR_RETURN(int64_t schema, (*reader).Number("PRAGMA user_version"));
  status.schema_version = static_cast<int>(schema);

  Statement connections(*reader, kCountConnections);
  while (true) {
    ASSIGN_OR_RETURN(bool found, connections.Step());
    if (!found) break;
    bool paused = connections.TakeBool();
    ConnectionState state;
    connections.Take(state, ConnectionState::kRevoked);
    int64_t count = connections.TakeInt();
    RETURN_IF_ERROR(connections.status());
    (paused ? status.paused_connections : status.connections[state]) += count;
  }
  Statement deks(*reader, kCountDeks);
  while (true) {
    ASSIGN_OR_RETURN(bool found, deks.Step());
    if (!found) break;
    uint32_t kek_version = deks.TakeUint32();
    status.deks_by_kek_version[kek_version] = deks.TakeInt();
    RETURN_IF_ERROR(deks.status());
  }
  return status;
}

absl::Status SqliteStore::CheckIntegrity() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.BorrowInspector());
  RETURN_IF_ERROR(ExpectOk(*reader, "PRAGMA integrity_check(1)"));
  RETURN_IF_ERROR(ExpectZero(*reader, kOrphans));
  return ExpectZero(*reader, kAuditGaps);
}

}  // namespace tokenvault
