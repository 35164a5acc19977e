// The reads of SqliteStore that are about what people approve and what policy
// remembers.
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "storage/sqlite/selected.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

constexpr char kSelectApprovals[] =
    "SELECT interaction.*, approval.* FROM approval JOIN interaction"
    " ON interaction.tenant=approval.tenant AND interaction.id=approval.id"
    " WHERE approval.tenant=?";
// Before the end of time is always: it makes this a search of the index, which
// ends at the limit.
constexpr char kListNotices[] =
    "SELECT * FROM notice WHERE next_try<9223372036854775807"
    " ORDER BY next_try LIMIT ?";
constexpr char kGetPolicyUse[] =
    "SELECT * FROM policy_use WHERE tenant=? AND rule=? AND agent=? AND user=?";
constexpr char kListStops[] =
    "SELECT * FROM stop ORDER BY create_time, kind, tenant, name";

}  // namespace

absl::StatusOr<AskedApproval> SqliteStore::GetApproval(
    const TenantId& tenant, const InteractionId& id) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader,
                   std::string(kSelectApprovals) + " AND approval.id=?");
  select.Name(tenant);
  select.Name(id);
  return One<AskedApproval>(select, "approval");
}

absl::StatusOr<std::vector<AskedApproval>> SqliteStore::ListApprovals(
    const ApprovalFilter& filter, const InteractionId& before,
    int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  std::string sql = kSelectApprovals;
  if (!filter.agent.empty()) sql += " AND approval.agent=?";
  if (!filter.user.empty()) sql += " AND approval.user=?";
  if (!filter.request_hash.empty()) sql += " AND approval.request_hash=?";
  if (filter.state.has_value()) sql += " AND interaction.state=?";
  if (!before.empty()) sql += " AND approval.id<?";
  // Ids begin with the time they were made.
  sql += " AND approval.create_time>=? ORDER BY approval.id DESC LIMIT ?";
  Statement select(*reader, sql);
  select.Name(filter.tenant);
  if (!filter.agent.empty()) select.Name(filter.agent);
  if (!filter.user.empty()) select.Name(filter.user);
  if (!filter.request_hash.empty()) select.Blob(filter.request_hash);
  if (filter.state.has_value()) select.State(*filter.state);
  if (!before.empty()) select.Name(before);
  select.Time(filter.since);
  select.Int(Limit(limit));
  return All<AskedApproval>(select);
}

absl::StatusOr<std::vector<Notice>> SqliteStore::ListNotices(int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListNotices);
  select.Int(Limit(limit));
  return All<Notice>(select);
}

absl::StatusOr<PolicyUse> SqliteStore::GetPolicyUse(const TenantId& tenant,
                                                    const std::string& rule,
                                                    const AgentId& agent,
                                                    const UserId& user) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetPolicyUse);
  select.Name(tenant);
  select.Text(rule);
  select.Name(agent);
  select.Name(user);
  return One<PolicyUse>(select, "policy use");
}

absl::StatusOr<std::vector<Stop>> SqliteStore::ListStops() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListStops);
  return All<Stop>(select);
}

}  // namespace tokenvault
