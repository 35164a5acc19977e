#include "vault/token_rejections.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

absl::string_view NameOf(RejectionAdvice advice) {
  switch (advice) {
    case RejectionAdvice::kRetryNow:
      return "retry_now";
    case RejectionAdvice::kReconnect:
      return "reconnect";
    case RejectionAdvice::kStepUp:
      return "step_up";
    case RejectionAdvice::kGiveUp:
      break;
  }
  return "give_up";
}

}  // namespace

bool AsksForScope(int http_status, absl::string_view www_authenticate) {
  const std::string challenge = absl::AsciiStrToLower(www_authenticate);
  return absl::StrContains(challenge, "insufficient_scope") ||
         (http_status == 403 && (absl::StrContains(challenge, " scope=") ||
                                 absl::StrContains(challenge, ",scope=")));
}

TokenRejections::TokenRejections(const Clock& clock, Store& store,
                                 TokenCache& cache)
    : clock_(clock), store_(store), cache_(cache) {}

absl::StatusOr<RejectionAdvice> TokenRejections::Advise(const Report& report) {
  ConnectionId connection;
  ASSIGN_OR_RETURN(RejectionAdvice advice, Judge(report, connection));
  AuditEvent event;
  event.kind = audit_kind::kTokenRejected;
  event.tenant = report.tenant;
  event.actor = absl::StrCat("agents/", report.agent.value);
  event.connection = connection;
  event.token_id = report.token_id;
  event.reason = absl::StrCat("HTTP_", report.http_status);
  event.detail = std::string(NameOf(advice));
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  if (!written.ok()) return NotAudited(written);
  // Only now: what is not written down changes nothing.
  if (advice == RejectionAdvice::kRetryNow && !connection.empty()) {
    cache_.Reject(report.token_id);
  }
  return advice;
}

absl::StatusOr<RejectionAdvice> TokenRejections::Judge(
    const Report& report, ConnectionId& connection) {
  if (AsksForScope(report.http_status, report.www_authenticate)) {
    return RejectionAdvice::kStepUp;
  }
  // The token was understood; the account may not do this.
  if (report.http_status == 403) return RejectionAdvice::kGiveUp;

  std::optional<TokenKey> current = cache_.KeyOf(report.token_id);
  if (!current.has_value() || current->tenant != report.tenant) {
    return RejectionAdvice::kRetryNow;
  }
  absl::StatusOr<AgentGrant> grant =
      store_.GetAgentGrant(report.tenant, current->connection, report.agent);
  if (HasReason(grant.status(), "NOT_FOUND")) {
    return RejectionAdvice::kRetryNow;
  }
  RETURN_IF_ERROR(grant.status());
  ASSIGN_OR_RETURN(Connection row,
                   store_.GetConnection(report.tenant, current->connection));
  connection = row.id;
  if (row.state != ConnectionState::kActive) {
    return RejectionAdvice::kReconnect;
  }
  return IsOneTooMany(row.id) ? RejectionAdvice::kGiveUp
                              : RejectionAdvice::kRetryNow;
}

bool TokenRejections::IsOneTooMany(const ConnectionId& connection) {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  // What is over says nothing; so the map stays as small as the trouble.
  absl::erase_if(
      rows_, [now](const auto& row) { return now - row.second.last >= kRow; });
  Row& row = rows_[connection];
  row.count += 1;
  row.last = now;
  return row.count >= kMostInARow;
}

}  // namespace tokenvault
