#include "vault/upstream_revocations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/provider_call.h"

namespace tokenvault {
namespace {

using Result = UpstreamRevocations::Result;

// How often a commit is tried again when the row moved under it.
constexpr int kTries = 8;
constexpr int kManyConnections = 1000;

// What a revoked connection says of the provider's part, in state_reason; empty
// when the provider ended the grant.
constexpr char kUnsupportedReason[] = "UPSTREAM_UNSUPPORTED";
constexpr char kFailedReason[] = "UPSTREAM_FAILED";
constexpr char kPendingReason[] = "UPSTREAM_PENDING";

const char* ReasonFor(Result result) {
  switch (result) {
    case Result::kRevoked:
      return "";
    case Result::kUnsupported:
      return kUnsupportedReason;
    case Result::kFailed:
      return kFailedReason;
    case Result::kPending:
      return kPendingReason;
  }
  return kFailedReason;
}

// Whether asking again can bring nothing else: the provider said no, or what we
// kept cannot be opened. All else may pass: it is down, our client's secret is
// wrong there for now, the disk is full.
bool IsFinal(const absl::Status& status) {
  return HasReason(status, "PROVIDER_REFUSED") ||
         HasReason(status, "SEAL_BROKEN");
}

AuditEntry LeafFor(const Connection& connection, const std::string& actor,
                   Result result, absl::Time now) {
  AuditEvent event;
  event.kind = audit_kind::kUpstreamRevoked;
  event.tenant = connection.tenant;
  event.actor = actor;
  event.user = connection.user;
  event.provider = connection.provider;
  event.connection = connection.id;
  const bool done =
      result == Result::kRevoked || result == Result::kUnsupported;
  event.outcome = done ? "ok" : "error";
  event.reason = ReasonFor(result);
  return MakeAuditEntry(event, now);
}

}  // namespace

UpstreamRevocations::UpstreamRevocations(const Clock& clock, Store& store,
                                         KeyKeeper& keys,
                                         ProviderAccess& providers)
    : clock_(clock), store_(store), keys_(keys), providers_(providers) {}

Result UpstreamRevocations::Of(const Connection& revoked) {
  if (revoked.state_reason == kUnsupportedReason) return Result::kUnsupported;
  if (revoked.state_reason == kFailedReason) return Result::kFailed;
  // One that was cut off before it could say anything is pending too.
  return revoked.sealed_refresh_token.empty() ? Result::kRevoked
                                              : Result::kPending;
}

absl::StatusOr<Result> UpstreamRevocations::Tell(const Directory& directory,
                                                 Connection revoked,
                                                 const std::string& actor) {
  const Result result = Ask(directory, revoked);
  FaultPoint("revoke.told");
  Schedule(revoked.id, result);
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    // Told before that it waits: no news.
    if (result == Result::kPending && revoked.state_reason == kPendingReason) {
      return result;
    }
    revoked.state_reason = ReasonFor(result);
    if (result != Result::kPending) revoked.sealed_refresh_token.clear();
    WriteBatch batch;
    batch.Update(revoked);
    batch.Append(LeafFor(revoked, actor, result, clock_.Now()));
    status = store_.Commit(std::move(batch));
    if (!HasReason(status, "VERSION_CONFLICT")) break;
    // Renamed meanwhile, or somebody else revokes it too.
    ASSIGN_OR_RETURN(revoked, store_.GetConnection(revoked.tenant, revoked.id));
    if (revoked.sealed_refresh_token.empty()) return Of(revoked);
  }
  RETURN_IF_ERROR(status);
  FaultPoint("revoke.erased");
  return result;
}

void UpstreamRevocations::TellDue(const Directory& directory) {
  absl::StatusOr<std::vector<Connection>> unfinished =
      store_.ListUnfinishedRevocations();
  if (!unfinished.ok()) {
    Log(LogLevel::kError, "revoke.unread",
        "the revocations to tell providers of cannot be read",
        {{LogKey::kReason, ReasonOf(unfinished.status())}});
    return;
  }
  for (Connection& revoked : *unfinished) {
    if (!IsDue(revoked.id, clock_.Now())) continue;
    absl::Status status = Tell(directory, std::move(revoked), "vault").status();
    if (!status.ok()) {
      Log(LogLevel::kError, "revoke.unwritten",
          "the end of a grant could not be written down",
          {{LogKey::kReason, ReasonOf(status)}});
    }
  }
}

Result UpstreamRevocations::Ask(const Directory& directory,
                                const Connection& revoked) {
  const Provider* configured = directory.FindProvider(revoked.provider);
  if (configured == nullptr || revoked.sealed_refresh_token.empty()) {
    return Result::kUnsupported;
  }
  auto revoke = [&]() -> absl::StatusOr<Result> {
    if (!configured->several_grants) {
      ASSIGN_OR_RETURN(const bool again, IsConnectedAgain(revoked));
      if (again) return Result::kFailed;
    }
    ASSIGN_OR_RETURN(
        Provider provider,
        providers_.WithEndpointsFor(revoked, *configured, directory.dev_mode));
    ASSIGN_OR_RETURN(Sealer sealer,
                     keys_.SealerFor(revoked.tenant, revoked.user.value));
    ASSIGN_OR_RETURN(
        Secret token,
        sealer.Open(revoked.sealed_refresh_token,
                    RefreshTokenBinding(keys_.deployment_id(), revoked)));
    ASSIGN_OR_RETURN(
        RevocationOutcome outcome,
        providers_.oauth().Revoke(provider, token, "refresh_token",
                                  CallAbout(directory, revoked, clock_.Now())));
    return outcome == RevocationOutcome::kRevoked ? Result::kRevoked
                                                  : Result::kUnsupported;
  };
  absl::StatusOr<Result> result = revoke();
  if (result.ok()) return *result;
  Log(LogLevel::kWarning, "revoke.upstream_failed",
      "the provider did not confirm a revocation",
      {{LogKey::kProvider, revoked.provider.value},
       {LogKey::kConnection, revoked.id.value},
       {LogKey::kReason, ReasonOf(result.status())}});
  return IsFinal(result.status()) ? Result::kFailed : Result::kPending;
}

// Many providers end all that an account allowed our client, whatever token
// they are shown. Once the person has connected it again, an old token is not
// worth that.
absl::StatusOr<bool> UpstreamRevocations::IsConnectedAgain(
    const Connection& revoked) const {
  ConnectionFilter filter;
  filter.tenant = revoked.tenant;
  filter.user = revoked.user;
  filter.provider = revoked.provider;
  ASSIGN_OR_RETURN(std::vector<Connection> all,
                   store_.ListConnections(filter, {}, kManyConnections));
  return std::any_of(all.begin(), all.end(), [&](const Connection& other) {
    return other.state != ConnectionState::kRevoked &&
           other.account_id == revoked.account_id;
  });
}

bool UpstreamRevocations::IsDue(const ConnectionId& connection,
                                absl::Time now) {
  MutexLock lock(mutex_);
  auto it = retries_.find(connection);
  return it == retries_.end() || it->second.next <= now;
}

void UpstreamRevocations::Schedule(const ConnectionId& connection,
                                   Result result) {
  MutexLock lock(mutex_);
  if (result != Result::kPending) {
    retries_.erase(connection);
    return;
  }
  Retry& retry = retries_[connection];
  retry.wait = retry.wait == absl::ZeroDuration()
                   ? kFirstWait
                   : std::min(2 * retry.wait, kLongestWait);
  retry.next = clock_.Now() + retry.wait;
}

}  // namespace tokenvault
