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
constexpr size_t kUsualName = 28;
constexpr char kAppend[] =
    "INSERT INTO audit (tenant, time, kind, leaf) VALUES (?, ?, ?, ?)";

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
  std::string name = person.draw_name();
  Statement put(connection, kPutPseudonym);
  put.Name(tenant);
  put.Name(person.user);
  put.Text(name);
  RETURN_IF_ERROR(put.Run());
  return name;
}

}  // namespace

absl::Status AppendLeaf(SqliteConnection& connection, const AuditEntry& entry) {
  std::string leaf;
  leaf.reserve(entry.leaf.size() + entry.people.size() * kUsualName);
  size_t from = 0;
  for (const PersonInLeaf& person : entry.people) {
    ASSIGN_OR_RETURN(const std::string name,
                     NameOf(connection, entry.tenant, person));
    leaf.append(entry.leaf, from, person.offset - from);
    leaf += name;
    from = person.offset;
  }
  leaf.append(entry.leaf, from);
  Statement append(connection, kAppend);
  append.Name(entry.tenant);
  append.Time(entry.time);
  append.Text(entry.kind);
  append.Text(leaf);
  return append.Run();
}

}  // namespace tokenvault
