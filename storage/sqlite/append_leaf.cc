#include "storage/sqlite/append_leaf.h"

#include <string>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

constexpr char kFindPseudonym[] =
    "SELECT pseudonym FROM person WHERE tenant=? AND user=?";
constexpr char kPutPseudonym[] =
    "INSERT INTO person (tenant, user, pseudonym) VALUES (?, ?, ?)";
constexpr char kAppend[] =
    "INSERT INTO audit (tenant, time, kind, leaf) VALUES (?, ?, ?, ?)";

absl::Status AppendNamed(SqliteConnection& connection,
                         const AuditEntry& entry) {
  Statement statement(connection, kAppend);
  Bind(statement, entry);
  return statement.Run();
}

absl::StatusOr<std::string> NameOf(SqliteConnection& connection,
                                   const TenantId& tenant,
                                   const PersonInLeaf& person) {
  Statement known(connection, kFindPseudonym);
  known.Name(tenant);
  known.Name(person.user);
  ASSIGN_OR_RETURN(const bool found, known.Step());
  if (found) {
    std::string name = known.TakeText();
    RETURN_IF_ERROR(known.status());
    return name;
  }
  Statement put(connection, kPutPseudonym);
  put.Name(tenant);
  put.Name(person.user);
  put.Text(person.candidate);
  RETURN_IF_ERROR(put.Run());
  return person.candidate;
}

}  // namespace

absl::Status AppendLeaf(SqliteConnection& connection, const AuditEntry& entry) {
  if (entry.people.empty()) return AppendNamed(connection, entry);
  AuditEntry named = entry;
  size_t longer = 0;
  for (const PersonInLeaf& person : entry.people) {
    ASSIGN_OR_RETURN(const std::string name,
                     NameOf(connection, entry.tenant, person));
    named.leaf.insert(person.offset + longer, name);
    longer += name.size();
  }
  return AppendNamed(connection, named);
}

}  // namespace tokenvault
