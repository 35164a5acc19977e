#include "vault/incident.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/count_revoked.h"

namespace tokenvault {
namespace {

constexpr int kPage = 500;
// Revocations under way at a time: they wait for providers, not for us.
constexpr int kAtATime = 8;

// Ended already, or to be told again: the second is gone on with.
bool IsOver(const Connection& connection) {
  return connection.state == ConnectionState::kRevoked &&
         connection.sealed_refresh_token.empty();
}

}  // namespace

std::string IncidentScope::ToString() const {
  std::vector<std::string> parts;
  if (!provider.empty()) parts.push_back("providers/" + provider.value);
  if (!agent.empty()) parts.push_back("agents/" + agent.value);
  if (!user.empty()) parts.push_back("a person");
  return parts.empty() ? "everything" : absl::StrJoin(parts, ", ");
}

absl::StatusOr<int64_t> Incident::Count(const IncidentScope& scope) const {
  ASSIGN_OR_RETURN(std::vector<Connection> found, List(scope));
  return static_cast<int64_t>(found.size());
}

absl::StatusOr<Operation::Progress> Incident::Revoke(
    const IncidentScope& scope, const std::string& request_id) {
  return operations_.Start([this, scope, request_id](Operation& operation) {
    return RevokeAll(operation, scope, request_id);
  });
}

absl::StatusOr<std::vector<Connection>> Incident::List(
    const IncidentScope& scope) const {
  std::shared_ptr<const Directory> directory = directory_.Get();
  std::vector<Connection> found;
  for (const auto& [tenant, unused] : directory->tenants) {
    ConnectionFilter filter;
    filter.tenant = tenant;
    filter.user = scope.user;
    filter.provider = scope.provider;
    ConnectionId after;
    while (true) {
      ASSIGN_OR_RETURN(std::vector<Connection> page,
                       store_.ListConnections(filter, after, kPage));
      if (page.empty()) break;
      after = page.back().id;
      for (Connection& connection : page) {
        if (IsOver(connection)) continue;
        if (!scope.agent.empty()) {
          absl::StatusOr<AgentGrant> grant =
              store_.GetAgentGrant(tenant, connection.id, scope.agent);
          if (HasReason(grant.status(), "NOT_FOUND")) continue;
          RETURN_IF_ERROR(grant.status());
        }
        found.push_back(std::move(connection));
      }
    }
  }
  return found;
}

absl::Status Incident::RevokeAll(Operation& operation,
                                 const IncidentScope& scope,
                                 const std::string& request_id) {
  ASSIGN_OR_RETURN(std::vector<Connection> found, List(scope));
  operation.Begin(Operation::Phase::kRevoking,
                  static_cast<int64_t>(found.size()));
  AuditEvent event;
  event.kind = audit_kind::kIncidentRevoked;
  event.actor = "operator";
  event.request_id = request_id;
  event.detail =
      absl::StrCat(scope.ToString(), ", ", found.size(), " connections");
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));

  std::shared_ptr<const Directory> directory = directory_.Get();
  std::atomic<size_t> next = 0;
  absl::Status first_failure;  // changed with the progress
  auto work = [&] {
    for (size_t i = next++; i < found.size() && !operation.stopping();
         i = next++) {
      const Connection& connection = found[i];
      absl::StatusOr<ConnectionAdmin::Revoked> revoked = connections_.Revoke(
          *directory, connection.tenant, connection.user, connection.id,
          /*etag=*/"", "operator", request_id);
      operation.Change([&](Operation::Progress& progress) {
        ++progress.rows_done;
        if (revoked.ok()) {
          CountRevoked(connection, *revoked, progress.revocations);
        } else {
          first_failure.Update(revoked.status());
        }
      });
    }
  };
  std::vector<std::thread> workers;
  for (size_t i = 0; i < std::min<size_t>(kAtATime, found.size()); ++i) {
    workers.emplace_back(work);
  }
  for (std::thread& worker : workers) worker.join();
  if (operation.stopping() && next < found.size()) operation.Cancelled();
  return first_failure;
}

}  // namespace tokenvault
