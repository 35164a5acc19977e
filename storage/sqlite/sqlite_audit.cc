// The reads of SqliteStore that are about the audit log.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "storage/sqlite/selected.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

constexpr char kGetTile[] = "SELECT * FROM audit_tile WHERE level=? AND tile=?";
constexpr char kGetLastTile[] =
    "SELECT * FROM audit_tile WHERE level=? ORDER BY tile DESC LIMIT 1";
constexpr char kListCheckpoints[] =
    "SELECT * FROM audit_checkpoint WHERE size>=? ORDER BY size LIMIT ?";
constexpr char kGetNewestCheckpoint[] =
    "SELECT * FROM audit_checkpoint ORDER BY size DESC LIMIT 1";
constexpr char kGetCheckpointBefore[] =
    "SELECT * FROM audit_checkpoint WHERE time<? ORDER BY size DESC LIMIT 1";
constexpr char kListArchives[] =
    "SELECT first, last, time, location FROM audit_archive ORDER BY last";
constexpr char kArchivedLeaves[] =
    "SELECT coalesce(max(last), 0) FROM audit_archive";
constexpr char kListWitnessed[] = "SELECT * FROM audit_witness ORDER BY id";

constexpr char kPseudonymOf[] =
    "SELECT pseudonym FROM person WHERE tenant=? AND user=?";
// How leaves name a person: `"user":"…"` and `"actor":"users/…"`. In the text
// of others, quotes are escaped.
constexpr char kNamesPerson[] =
    " AND (instr(leaf, '\"user\":\"' || ? || '\"')"
    " OR instr(leaf, '\"actor\":\"users/' || ? || '\"')"
    " OR instr(leaf, '\"user\":\"' || ? || '\"')"
    " OR instr(leaf, '\"actor\":\"users/' || ? || '\"'))";

// By the name they have in the log now, and by their id, as leaves before this
// version name them.
absl::Status BindPerson(SqliteConnection& connection, const AuditFilter& filter,
                        Statement& select) {
  Statement pseudonym(connection, kPseudonymOf);
  pseudonym.Name(filter.tenant);
  pseudonym.Name(filter.user);
  ASSIGN_OR_RETURN(const bool found, pseudonym.Step());
  const std::string name = found ? pseudonym.TakeText() : filter.user.value;
  RETURN_IF_ERROR(pseudonym.status());
  for (const std::string& one :
       {name, name, filter.user.value, filter.user.value}) {
    select.Text(one);
  }
  return absl::OkStatus();
}

// A member of a leaf whose value is known: in the text of others, quotes are
// escaped.
constexpr char kHasMember[] = " AND instr(leaf, ?)";

std::string Member(absl::string_view name, absl::string_view value) {
  return absl::StrCat("\"", name, "\":\"", value, "\"");
}

int64_t AsRowId(uint64_t sequence) {
  return static_cast<int64_t>(std::min<uint64_t>(sequence, kNeverMicros));
}

// How many leaves need not be looked at: what a checkpoint of before
// `filter.since` covers. A clock that was set back in the hour before may have
// put a later time in them.
constexpr absl::Duration kClockSlack = absl::Hours(1);
constexpr char kCheckpointBefore[] =
    "SELECT coalesce(max(size), 0) FROM audit_checkpoint WHERE time<?";

absl::StatusOr<int64_t> LeavesBefore(SqliteConnection& connection,
                                     const AuditFilter& filter) {
  const int64_t after = AsRowId(filter.after_sequence);
  if (filter.since == absl::InfinitePast()) return after;
  Statement select(connection, kCheckpointBefore);
  select.Time(filter.since - kClockSlack);
  RETURN_IF_ERROR(select.Step().status());
  const int64_t covered = select.TakeInt();
  RETURN_IF_ERROR(select.status());
  return std::max(after, covered);
}

// Only the conditions that are asked for, so that each finds its index. Times
// have none: the log is in their order, so that checkpoints say where to begin.
absl::StatusOr<std::vector<AuditEntry>> SelectAudit(
    SqliteConnection& connection, const AuditFilter& filter, int limit,
    const char* order) {
  std::string sql = "SELECT * FROM audit WHERE sequence>? AND sequence<=?";
  std::vector<std::string> members;
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>("actor", filter.actor),
        {"provider", filter.provider.value},
        {"connection", filter.connection.value},
        {"outcome", filter.outcome},
        {"token_id", filter.token_id}}) {
    if (!value.empty()) members.push_back(Member(name, value));
  }
  const bool in_time = filter.since != absl::InfinitePast() ||
                       filter.until != absl::InfiniteFuture();
  if (!filter.tenant.empty()) sql += " AND tenant=?";
  if (!filter.kind.empty()) sql += " AND kind=?";
  if (in_time) sql += " AND time>=? AND time<?";
  if (!filter.user.empty()) sql += kNamesPerson;
  for (size_t i = 0; i < members.size(); ++i) sql += kHasMember;
  sql += order;
  ASSIGN_OR_RETURN(const int64_t before, LeavesBefore(connection, filter));
  Statement select(connection, sql);
  select.Int(before);
  select.Int(AsRowId(filter.last_sequence));
  if (!filter.tenant.empty()) select.Name(filter.tenant);
  if (!filter.kind.empty()) select.Text(filter.kind);
  if (in_time) {
    select.Time(filter.since);
    select.Time(filter.until);
  }
  if (!filter.user.empty()) {
    RETURN_IF_ERROR(BindPerson(connection, filter, select));
  }
  for (const std::string& member : members) select.Text(member);
  select.Int(Limit(limit));
  return All<AuditEntry>(select);
}

}  // namespace

absl::StatusOr<std::vector<AuditEntry>> SqliteStore::ListAuditEntries(
    const AuditFilter& filter, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  return SelectAudit(*reader, filter, limit, " ORDER BY sequence LIMIT ?");
}

absl::StatusOr<std::vector<AuditEntry>> SqliteStore::ListLastAuditEntries(
    const AuditFilter& filter, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  ASSIGN_OR_RETURN(
      std::vector<AuditEntry> entries,
      SelectAudit(*reader, filter, limit, " ORDER BY sequence DESC LIMIT ?"));
  std::reverse(entries.begin(), entries.end());
  return entries;
}

absl::StatusOr<AuditTile> SqliteStore::GetAuditTile(int level,
                                                    uint64_t index) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetTile);
  select.Int(level);
  select.Int(AsRowId(index));
  return One<AuditTile>(select, "tile");
}

absl::StatusOr<AuditTile> SqliteStore::GetLastAuditTile(int level) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetLastTile);
  select.Int(level);
  return One<AuditTile>(select, "tile");
}

absl::StatusOr<std::vector<AuditCheckpoint>> SqliteStore::ListCheckpoints(
    uint64_t size, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListCheckpoints);
  select.Int(AsRowId(size));
  select.Int(Limit(limit));
  return All<AuditCheckpoint>(select);
}

absl::StatusOr<AuditCheckpoint> SqliteStore::GetNewestCheckpoint() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetNewestCheckpoint);
  return One<AuditCheckpoint>(select, "checkpoint");
}

absl::StatusOr<AuditCheckpoint> SqliteStore::GetCheckpointBefore(
    absl::Time time) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetCheckpointBefore);
  select.Time(time);
  return One<AuditCheckpoint>(select, "checkpoint");
}

absl::StatusOr<std::vector<WitnessedCheckpoint>> SqliteStore::ListWitnessed()
    const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListWitnessed);
  return All<WitnessedCheckpoint>(select);
}

absl::StatusOr<std::vector<AuditArchive>> SqliteStore::ListArchives() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListArchives);
  return All<AuditArchive>(select);
}

absl::StatusOr<uint64_t> SqliteStore::GetArchivedLeaves() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  ASSIGN_OR_RETURN(const int64_t last, (*reader).Number(kArchivedLeaves));
  return static_cast<uint64_t>(last);
}

}  // namespace tokenvault
