// The reads of SqliteStore that are about all that is kept of a person.
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

constexpr char kGetPseudonym[] =
    "SELECT pseudonym FROM person WHERE tenant=? AND user=?";
// Rows of all tenants are walked: this is for operators, who know no tenant.
constexpr char kListTenantsOf[] =
    "SELECT tenant FROM dek WHERE subject=?1"
    " UNION SELECT tenant FROM connection WHERE user=?1"
    " UNION SELECT tenant FROM interaction WHERE user=?1"
    " UNION SELECT tenant FROM web_session WHERE user=?1"
    " UNION SELECT tenant FROM person WHERE user=?1 ORDER BY 1";
constexpr char kCountPerson[] =
    "SELECT"
    " (SELECT count(*) FROM dek WHERE tenant=?1 AND subject=?2),"
    " (SELECT count(*) FROM connection WHERE tenant=?1 AND user=?2),"
    " (SELECT count(*) FROM agent_grant WHERE tenant=?1 AND connection IN"
    " (SELECT id FROM connection WHERE tenant=?1 AND user=?2)),"
    " (SELECT count(*) FROM interaction WHERE tenant=?1 AND user=?2),"
    " (SELECT count(*) FROM web_session WHERE tenant=?1 AND user=?2),"
    " (SELECT count(*) FROM person WHERE tenant=?1 AND user=?2)";

}  // namespace

absl::StatusOr<std::vector<TenantId>> SqliteStore::ListTenantsOf(
    const UserId& user) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListTenantsOf);
  select.Name(user);
  std::vector<TenantId> tenants;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return tenants;
    select.Take(tenants.emplace_back());
    RETURN_IF_ERROR(select.status());
  }
}

absl::StatusOr<PersonRows> SqliteStore::CountPerson(const TenantId& tenant,
                                                    const UserId& user) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kCountPerson);
  select.Name(tenant);
  select.Name(user);
  RETURN_IF_ERROR(select.Step().status());
  PersonRows rows;
  rows.data_keys = select.TakeInt();
  rows.connections = select.TakeInt();
  rows.agent_grants = select.TakeInt();
  rows.interactions = select.TakeInt();
  rows.web_sessions = select.TakeInt();
  rows.pseudonyms = select.TakeInt();
  RETURN_IF_ERROR(select.status());
  return rows;
}

absl::StatusOr<std::string> SqliteStore::GetPseudonym(
    const TenantId& tenant, const UserId& user) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetPseudonym);
  select.Name(tenant);
  select.Name(user);
  ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return errors::NotFound("person");
  std::string pseudonym = select.TakeText();
  RETURN_IF_ERROR(select.status());
  return pseudonym;
}

}  // namespace tokenvault
