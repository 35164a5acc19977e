#include "vault/upstream_revocations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "oauth/revocation.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/limits.h"
#include "vault/provider_call.h"
#include "vault/refresh_leases.h"

namespace tokenvault {
namespace {

using Result = UpstreamRevocations::Result;

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

// Whether a refresh that brought this error may have been done all the same.
bool MayHaveRotated(const absl::Status& status) {
  if (HasReason(status, "PROVIDER_ANSWER_INVALID")) return true;
  return HasReason(status, "PROVIDER_UNREACHABLE") &&
         MetadataOf(status, "maybe_sent") != "false";
}

// Whether an answer to a refresh is still waited for. The clock may have been
// set meanwhile.
bool IsUnderWay(const Connection& revoked, absl::Time now) {
  return revoked.refresh_phase == RefreshPhase::kMaybeSent &&
         now < revoked.lease_until &&
         revoked.lease_until <= now + RefreshLeases::kLease;
}

AuditEntry LeafFor(const Connection& connection, const std::string& actor,
                   Result result, absl::Time now) {
  AuditEvent event =
      EventAbout(connection, audit_kind::kUpstreamRevoked, actor);
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
  const uint64_t generation = revoked.generation;
  FaultPoint("revoke.told");
  Schedule(revoked.id, result);
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    // Told before that it waits: no news.
    if (result == Result::kPending && revoked.state_reason == kPendingReason) {
      return result;
    }
    revoked.state_reason = ReasonFor(result);
    if (result != Result::kPending) {
      revoked.sealed_refresh_token.clear();
      DropLease(revoked);
    }
    WriteBatch batch;
    batch.Update(revoked);
    batch.Append(LeafFor(revoked, actor, result, clock_.Now()));
    status = store_.Commit(std::move(batch));
    if (!HasReason(status, "VERSION_CONFLICT")) break;
    // Renamed meanwhile, or somebody else revokes it too.
    ASSIGN_OR_RETURN(revoked, store_.GetConnection(revoked.tenant, revoked.id));
    if (revoked.sealed_refresh_token.empty()) return Of(revoked);
    // Another refresh token came: it was not told of that one.
    if (revoked.generation != generation) return Result::kPending;
  }
  RETURN_IF_ERROR(status);
  FaultPoint("revoke.erased");
  return result;
}

bool UpstreamRevocations::CanTell(const Directory& directory,
                                  const Connection& connection) {
  const Provider* configured = directory.FindProvider(connection.provider);
  if (configured == nullptr || connection.sealed_refresh_token.empty()) {
    return false;
  }
  absl::StatusOr<Provider> provider =
      providers_.WithEndpointsFor(connection, *configured, directory.dev_mode);
  return !provider.ok() || provider->revocation_style != RevocationStyle::kNone;
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
                                Connection& revoked) {
  const Provider* configured = directory.FindProvider(revoked.provider);
  if (configured == nullptr || revoked.sealed_refresh_token.empty()) {
    return Result::kUnsupported;
  }
  absl::StatusOr<Result> result = AskProvider(directory, *configured, revoked);
  if (result.ok()) return *result;
  Log(LogLevel::kWarning, "revoke.upstream_failed",
      "the provider did not confirm a revocation",
      {{LogKey::kProvider, revoked.provider.value},
       {LogKey::kConnection, revoked.id.value},
       {LogKey::kReason, ReasonOf(result.status())}});
  return IsFinal(result.status()) ? Result::kFailed : Result::kPending;
}

absl::StatusOr<Result> UpstreamRevocations::AskProvider(
    const Directory& directory, const Provider& configured,
    Connection& revoked) {
  if (!configured.several_grants) {
    ASSIGN_OR_RETURN(const bool again, IsConnectedAgain(revoked));
    if (again) return Result::kFailed;
  }
  ASSIGN_OR_RETURN(
      Provider provider,
      providers_.WithEndpointsFor(revoked, configured, directory.dev_mode));
  ASSIGN_OR_RETURN(Sealer sealer,
                   keys_.SealerFor(revoked.tenant, revoked.user.value));
  ASSIGN_OR_RETURN(
      Secret token,
      sealer.Open(revoked.sealed_refresh_token,
                  RefreshTokenBinding(keys_.deployment_id(), revoked)));
  const absl::Time now = clock_.Now();
  const TokenCall call = CallAbout(directory, revoked, now);
  const bool under_way = IsUnderWay(revoked, now);
  const bool in_doubt = revoked.refresh_phase != RefreshPhase::kNone &&
                        provider.rotation == Rotation::kSingleUse;
  const Result gone = !in_doubt   ? Result::kRevoked
                      : under_way ? Result::kPending
                                  : Result::kFailed;
  if (RevokesByAccessToken(provider)) {
    if (under_way) return Result::kPending;
    absl::StatusOr<Secret> access_token =
        FetchAccessToken(provider, token, call, revoked);
    if (HasReason(access_token.status(), "GRANT_GONE")) return gone;
    RETURN_IF_ERROR(access_token.status());
    ASSIGN_OR_RETURN(RevocationOutcome outcome,
                     providers_.oauth().Revoke(provider, *access_token,
                                               "access_token", call));
    return outcome == RevocationOutcome::kRevoked ? Result::kRevoked
                                                  : Result::kUnsupported;
  }
  ASSIGN_OR_RETURN(
      RevocationOutcome outcome,
      providers_.oauth().Revoke(provider, token, "refresh_token", call));
  return outcome == RevocationOutcome::kRevoked ? gone : Result::kUnsupported;
}

// A refresh for the sake of its access token. An answer that nobody heard, or
// that the disk did not take, is not looked for: the next try finds the phase,
// and says no more than it knows.
absl::StatusOr<Secret> UpstreamRevocations::FetchAccessToken(
    const Provider& provider, const Secret& refresh_token,
    const TokenCall& call, Connection& revoked) {
  const RefreshPhase before = revoked.refresh_phase == RefreshPhase::kNone
                                  ? RefreshPhase::kNone
                                  : RefreshPhase::kUnknown;
  Connection leased = revoked;
  leased.lease_epoch += 1;
  leased.lease_until = call.now + RefreshLeases::kLease;
  leased.refresh_phase = RefreshPhase::kMaybeSent;
  leased.refresh_sent_time = call.now;
  RETURN_IF_ERROR(Write(leased));
  revoked = std::move(leased);
  absl::StatusOr<TokenResponse> fresh =
      providers_.oauth().Refresh(provider, refresh_token, {}, "", call);
  if (fresh.ok() && !fresh->refresh_token.empty()) {
    absl::StatusOr<Connection> kept = KeepForRevocation(
        clock_.Now(), store_, keys_, revoked, fresh->refresh_token);
    // No return: the access token that is here may do.
    if (kept.ok()) revoked = *std::move(kept);
    return std::move(fresh->access_token);
  }
  DropLease(revoked);
  if (!fresh.ok()) {
    revoked.refresh_phase =
        MayHaveRotated(fresh.status()) ? RefreshPhase::kUnknown : before;
  }
  absl::Status settled = Write(revoked);
  if (!settled.ok()) {
    Log(LogLevel::kWarning, "revoke.unsettled",
        "how a refresh ended could not be written down; it counts as unknown",
        {{LogKey::kConnection, revoked.id.value},
         {LogKey::kReason, ReasonOf(settled)}});
  }
  RETURN_IF_ERROR(fresh.status());
  return std::move(fresh->access_token);
}

absl::Status UpstreamRevocations::Write(Connection& revoked) {
  WriteBatch batch;
  batch.Update(revoked);
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  revoked.version += 1;
  return absl::OkStatus();
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
                   store_.ListConnections(filter, {}, kMaxAccounts));
  return std::any_of(all.begin(), all.end(), [&](const Connection& other) {
    return other.state != ConnectionState::kRevoked &&
           other.account_id == revoked.account_id;
  });
}

void UpstreamRevocations::Forget(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  retries_.erase(connection);
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

absl::StatusOr<Connection> KeepForRevocation(absl::Time now, Store& store,
                                             KeyKeeper& keys,
                                             Connection revoked,
                                             const Secret& refresh_token) {
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    if (revoked.state != ConnectionState::kRevoked) {
      return errors::ResourceDenied(
          absl::StrCat("connections/", revoked.id.value));
    }
    DropLease(revoked);
    revoked.generation += 1;
    // What was said of its predecessor is not true of this one.
    if (revoked.state_reason != kPendingReason) revoked.state_reason.clear();
    ASSIGN_OR_RETURN(Sealer sealer,
                     keys.SealerFor(revoked.tenant, revoked.user.value));
    ASSIGN_OR_RETURN(
        revoked.sealed_refresh_token,
        sealer.Seal(refresh_token,
                    RefreshTokenBinding(keys.deployment_id(), revoked)));
    AuditEvent event =
        EventAbout(revoked, audit_kind::kRefreshSucceeded, "vault");
    event.detail =
        absl::StrCat("generation ", revoked.generation, ", to be revoked");
    event.commitment = LoggedCommitment(revoked.sealed_refresh_token);
    WriteBatch batch;
    batch.Update(revoked);
    batch.Append(MakeAuditEntry(event, now));
    status = store.Commit(std::move(batch));
    if (status.ok()) {
      revoked.version += 1;
      return revoked;
    }
    if (!HasReason(status, "VERSION_CONFLICT")) break;
    keys.Forget(revoked.tenant, revoked.user.value);
    ASSIGN_OR_RETURN(revoked, store.GetConnection(revoked.tenant, revoked.id));
  }
  return status;
}

}  // namespace tokenvault
