// The reads of SqliteStore that are for who watches the whole vault: numbers,
// and what waits. Each is bounded by an index, a limit or the configuration.
#include <map>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "storage/sqlite/selected.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

// The index has all that is asked for, and no row is looked at.
constexpr char kCountByProvider[] =
    "SELECT provider, state, count(*) FROM connection"
    " INDEXED BY connection_count_by_provider WHERE state<>3"
    " GROUP BY provider, state";
// The limit is inside, where the rows are: who has a million people is counted
// no further than that.
constexpr char kCountPeopleOf[] =
    "SELECT count(*), count(DISTINCT connection.user) FROM"
    " (SELECT tenant, connection FROM agent_grant"
    " INDEXED BY agent_grant_by_agent"
    " WHERE tenant=? AND agent=? AND end_time>? LIMIT ?) AS may"
    " LEFT JOIN connection ON connection.tenant=may.tenant"
    " AND connection.id=may.connection AND connection.state<>3";
// By what is open, of which there is little, and not by all approvals of a day.
constexpr char kListOpenApprovals[] =
    "SELECT interaction.*, approval.* FROM interaction"
    " INDEXED BY interaction_pending CROSS JOIN approval"
    " ON approval.tenant=interaction.tenant AND approval.id=interaction.id"
    " WHERE interaction.tenant=? AND interaction.state=1"
    " AND interaction.expire_time>? LIMIT ?";

}  // namespace

absl::StatusOr<std::map<ProviderId, ConnectionCounts>>
SqliteStore::CountConnections() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kCountByProvider);
  std::map<ProviderId, ConnectionCounts> counts;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return counts;
    ProviderId provider;
    select.Take(provider);
    ConnectionState state;
    select.Take(state, ConnectionState::kRevoked);
    const int64_t count = select.TakeInt();
    RETURN_IF_ERROR(select.status());
    ConnectionCounts& of = counts[provider];
    (state == ConnectionState::kActive ? of.active : of.needs_reconnect) +=
        count;
  }
}

absl::StatusOr<PeopleCount> SqliteStore::CountPeopleOf(const TenantId& tenant,
                                                       const AgentId& agent,
                                                       absl::Time now,
                                                       int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kCountPeopleOf);
  select.Name(tenant);
  select.Name(agent);
  select.Time(now);
  select.Int(Limit(limit));
  RETURN_IF_ERROR(select.Step().status());
  PeopleCount count;
  count.at_least = select.TakeInt() >= Limit(limit);
  count.people = select.TakeInt();
  RETURN_IF_ERROR(select.status());
  return count;
}

absl::StatusOr<std::vector<AskedApproval>> SqliteStore::ListOpenApprovals(
    const TenantId& tenant, absl::Time now, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListOpenApprovals);
  select.Name(tenant);
  select.Time(now);
  select.Int(Limit(limit));
  return All<AskedApproval>(select);
}

}  // namespace tokenvault
