#include "vault/token_rejections.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

// As many as a request may ask for.
constexpr size_t kMostScopes = 32;

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

ScopeSet ScopesOf(absl::string_view www_authenticate) {
  const std::string lower = absl::AsciiStrToLower(www_authenticate);
  const std::string name = "scope=\"";
  size_t at = lower.find(name);
  while (at != std::string::npos && at > 0 && lower[at - 1] != ' ' &&
         lower[at - 1] != ',') {
    at = lower.find(name, at + 1);
  }
  if (at == std::string::npos) return {};
  absl::string_view value = www_authenticate.substr(at + name.size());
  value = value.substr(0, value.find('"'));
  std::vector<std::string> scopes;
  for (const std::string& scope : ScopeSet::Parse(value)) {
    const bool well_formed = std::all_of(
        scope.begin(), scope.end(),
        [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
    if (well_formed && scopes.size() < kMostScopes) scopes.push_back(scope);
  }
  return ScopeSet(std::move(scopes));
}

TokenRejections::TokenRejections(const Clock& clock, Store& store,
                                 TokenCache& cache)
    : clock_(clock), store_(store), cache_(cache) {}

absl::StatusOr<TokenRejections::Advice> TokenRejections::Advise(
    const Report& report) {
  ASSIGN_OR_RETURN(const TokenKey current, FindCurrent(report));
  ASSIGN_OR_RETURN(Advice advice, Judge(report, current));
  AuditEvent event;
  event.kind = audit_kind::kTokenRejected;
  event.tenant = report.tenant;
  event.actor = absl::StrCat("agents/", report.agent.value);
  event.connection = current.connection;
  event.token_id = report.token_id;
  event.reason = absl::StrCat("HTTP_", report.http_status);
  event.detail = std::string(NameOf(advice.what));
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  if (!written.ok()) return NotAudited(written);
  // Only now: what is not written down changes nothing.
  if (advice.what == RejectionAdvice::kRetryNow &&
      !current.connection.empty()) {
    cache_.Reject(report.token_id);
  }
  return advice;
}

absl::StatusOr<TokenKey> TokenRejections::FindCurrent(const Report& report) {
  std::optional<TokenKey> current = cache_.KeyOf(report.token_id);
  if (!current.has_value() || current->tenant != report.tenant) {
    return TokenKey();
  }
  absl::StatusOr<AgentGrant> grant =
      store_.GetAgentGrant(report.tenant, current->connection, report.agent);
  if (HasReason(grant.status(), "NOT_FOUND")) return TokenKey();
  RETURN_IF_ERROR(grant.status());
  return *std::move(current);
}

absl::StatusOr<TokenRejections::Advice> TokenRejections::Judge(
    const Report& report, const TokenKey& current) {
  if (AsksForScope(report.http_status, report.www_authenticate)) {
    const ScopeSet wanted = ScopesOf(report.www_authenticate);
    const ScopeSet missing = wanted.Minus(current.scopes);
    // A token that has all of them already is not helped by asking for them.
    if (wanted.empty() || !missing.empty()) {
      return Advice{RejectionAdvice::kStepUp, missing};
    }
  }
  // The token was understood; the account may not do this.
  if (report.http_status == 403) return Advice{RejectionAdvice::kGiveUp, {}};
  if (current.connection.empty()) return Advice();
  ASSIGN_OR_RETURN(Connection row,
                   store_.GetConnection(report.tenant, current.connection));
  if (row.state != ConnectionState::kActive) {
    return Advice{RejectionAdvice::kReconnect, {}};
  }
  return Advice{IsOneTooMany(row.id, report.token_id)
                    ? RejectionAdvice::kGiveUp
                    : RejectionAdvice::kRetryNow,
                {}};
}

bool TokenRejections::IsOneTooMany(const ConnectionId& connection,
                                   const std::string& token_id) {
  const absl::Time now = clock_.Now();
  Validity validity = cache_.ValidityOf(connection);
  MutexLock lock(mutex_);
  // What is over says nothing; so the map stays as small as the trouble. A
  // connection that was made anew has another trouble.
  absl::erase_if(
      rows_, [now](const auto& row) { return now - row.second.last >= kRow; });
  Row& row = rows_[connection];
  if (row.validity != validity) row = Row();
  if (row.token_id != token_id) row.count += 1;
  row.token_id = token_id;
  row.last = now;
  row.validity = std::move(validity);
  return row.count >= kMostInARow;
}

}  // namespace tokenvault
