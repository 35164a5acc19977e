// The reads of SqliteStore that are about the audit log.
#include <algorithm>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "storage/sqlite/selected.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

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

// Only the conditions that are asked for, so that each finds its index.
absl::StatusOr<std::vector<AuditEntry>> SelectAudit(
    SqliteConnection& connection, const AuditFilter& filter, int limit,
    const char* order) {
  std::string sql = "SELECT * FROM audit WHERE sequence>?";
  if (!filter.tenant.empty()) sql += " AND tenant=?";
  if (!filter.kind.empty()) sql += " AND kind=?";
  if (!filter.user.empty()) sql += kNamesPerson;
  sql += order;
  Statement select(connection, sql);
  select.Int(static_cast<int64_t>(
      std::min<uint64_t>(filter.after_sequence, kNeverMicros)));
  if (!filter.tenant.empty()) select.Name(filter.tenant);
  if (!filter.kind.empty()) select.Text(filter.kind);
  if (!filter.user.empty()) {
    RETURN_IF_ERROR(BindPerson(connection, filter, select));
  }
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

}  // namespace tokenvault
