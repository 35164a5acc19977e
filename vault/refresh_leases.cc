#include "vault/refresh_leases.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/bindings.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

absl::Status MovedOn(const Connection& row) {
  return errors::ResourceDenied(absl::StrCat("connections/", row.id.value));
}

bool IsHeld(const Connection& row, const Connection& leased) {
  return row.lease_epoch == leased.lease_epoch &&
         row.state == ConnectionState::kActive;
}

absl::Status MayBeRefreshed(const Connection& row) {
  if (row.state != ConnectionState::kActive || row.paused) return MovedOn(row);
  return row.sealed_refresh_token.empty()
             ? errors::GrantGone(row.provider.value)
             : absl::OkStatus();
}

AuditEvent Failed(const Connection& leased, const absl::Status& why) {
  AuditEvent event = EventAbout(leased, audit_kind::kRefreshFailed, "vault");
  event.outcome = "error";
  event.reason = ReasonOf(why);
  return event;
}

}  // namespace

void DropLease(Connection& row) {
  row.lease_owner.clear();
  row.lease_until = absl::InfinitePast();
  row.refresh_phase = RefreshPhase::kNone;
  row.landing_slot = 0;
}

RefreshLeases::RefreshLeases(const Clock& clock, Store& store, KeyKeeper& keys,
                             LandingSlots& slots)
    : clock_(clock),
      store_(store),
      keys_(keys),
      slots_(slots),
      owner_(RandomToken()) {}

absl::StatusOr<Connection> RefreshLeases::Take(const Connection& connection) {
  Connection row = connection;
  ASSIGN_OR_RETURN(const uint64_t slot, slots_.Take(row.id));
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    status = MayBeRefreshed(row);
    if (!status.ok()) break;
    const absl::Time now = clock_.Now();
    // A lease of another process: the store admits one daemon at a time, so
    // that process is dead and its lease with it.
    row.lease_owner = owner_;
    row.lease_epoch += 1;
    row.lease_until = now + kLease;
    row.refresh_phase = RefreshPhase::kMaybeSent;
    row.landing_slot = slot;
    row.refresh_sent_time = now;
    WriteBatch batch;
    batch.Update(row);
    status = store_.Commit(std::move(batch));
    if (status.ok()) {
      row.version += 1;
      return row;
    }
    if (!HasReason(status, "VERSION_CONFLICT")) break;
    absl::StatusOr<Connection> current =
        store_.GetConnection(row.tenant, row.id);
    if (!current.ok()) {
      status = current.status();
      break;
    }
    row = *std::move(current);
  }
  slots_.Free(row.id);
  return status;
}

absl::Status RefreshLeases::CheckHeld(const Connection& leased) {
  absl::StatusOr<Connection> row =
      store_.GetConnection(leased.tenant, leased.id);
  if (HasReason(row.status(), "NOT_FOUND")) return LetGo(leased);
  RETURN_IF_ERROR(row.status());
  return IsHeld(*row, leased) ? absl::OkStatus() : LetGo(leased);
}

absl::StatusOr<Connection> RefreshLeases::Save(
    const Connection& leased, const Secret& refresh_token,
    const ScopeSet& granted, const std::map<std::string, std::string>& hints) {
  Connection row = leased;
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    if (!IsHeld(row, leased)) {
      // The newer grant stands, and what we were given is not kept.
      return LetGo(leased);
    }
    Connection next = row;
    DropLease(next);
    next.state_reason.clear();
    next.last_refresh_time = clock_.Now();
    next.granted_scopes = granted;
    for (const auto& [name, value] : hints) next.endpoint_hints[name] = value;
    absl::StatusOr<WriteBatch> batch = BatchFor(row, refresh_token, next);
    // No return: the token must not be lost.
    status = batch.status();
    if (!status.ok()) break;
    FaultPoint("refresh.before_commit");
    status = store_.Commit(*std::move(batch));
    if (status.ok()) {
      FaultPoint("refresh.committed");
      next.version += 1;
      slots_.Free(leased.id);
      return next;
    }
    if (IsGone(row)) return LetGo(leased);
    // The data key may have been replaced since it was sealed.
    keys_.Forget(row.tenant, row.user.value);
  }
  // The disk does not take it. The old token may be dead at the provider by
  // now, so the new one is all there is: it stays where it landed, and is
  // committed before anything else happens to the connection.
  Log(LogLevel::kError, "refresh.uncommitted",
      "the answer to a refresh could not be committed; it is kept where it "
      "landed",
      {{LogKey::kConnection, row.id.value},
       {LogKey::kReason, ReasonOf(status)}});
  return status;
}

// `next` is what the row becomes; with a new refresh token, its next
// generation.
absl::StatusOr<WriteBatch> RefreshLeases::BatchFor(const Connection& row,
                                                   const Secret& refresh_token,
                                                   Connection& next) {
  AuditEvent event = EventAbout(next, audit_kind::kRefreshSucceeded, "vault");
  event.scopes = next.granted_scopes;
  if (!refresh_token.empty()) {
    next.generation += 1;
    ASSIGN_OR_RETURN(Sealer sealer,
                     keys_.SealerFor(next.tenant, next.user.value));
    ASSIGN_OR_RETURN(
        next.sealed_refresh_token,
        sealer.Seal(refresh_token,
                    RefreshTokenBinding(keys_.deployment_id(), next)));
    event.detail = absl::StrCat("generation ", next.generation);
    event.commitment = LoggedCommitment(next.sealed_refresh_token);
  }
  if (!row.granted_scopes.IsSubsetOf(next.granted_scopes)) {
    event.detail = absl::StrCat(event.detail, event.detail.empty() ? "" : ", ",
                                "fewer scopes");
  }
  WriteBatch batch;
  batch.Update(next);
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  return batch;
}

absl::Status RefreshLeases::End(const Connection& leased, AuditEvent event,
                                absl::FunctionRef<void(Connection&)> change) {
  Connection row = leased;
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    if (!IsHeld(row, leased)) return LetGo(leased);
    DropLease(row);
    change(row);
    WriteBatch batch;
    batch.Update(row);
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    status = store_.Commit(std::move(batch));
    if (status.ok()) {
      slots_.Free(leased.id);
      return status;
    }
    if (IsGone(row)) return LetGo(leased);
  }
  return status;
}

// Reads it again, if that can be done. Whether it is not there any more: its
// person was erased.
bool RefreshLeases::IsGone(Connection& row) const {
  absl::StatusOr<Connection> current = store_.GetConnection(row.tenant, row.id);
  if (!current.ok()) return HasReason(current.status(), "NOT_FOUND");
  row = *std::move(current);
  return false;
}

absl::Status RefreshLeases::LetGo(const Connection& leased) {
  slots_.Free(leased.id);
  return MovedOn(leased);
}

absl::Status RefreshLeases::GiveBack(const Connection& leased,
                                     const absl::Status& why) {
  FaultPoint("refresh.before_give_back");
  absl::Status status =
      End(leased, Failed(leased, why), [&leased](Connection& row) {
        // A doubt that this attempt did not settle goes on.
        if (leased.state_reason == kUnknownRotation) {
          row.refresh_phase = RefreshPhase::kUnknown;
        }
      });
  FaultPoint("refresh.given_back");
  return status;
}

absl::Status RefreshLeases::LeaveInDoubt(const Provider& provider,
                                         const Connection& leased,
                                         const absl::Status& why) {
  AuditEvent event = Failed(leased, why);
  const bool in_doubt = provider.rotation == Rotation::kSingleUse;
  if (in_doubt) event.detail = "outcome unknown";
  FaultPoint("refresh.before_unknown");
  absl::Status status =
      End(leased, std::move(event), [in_doubt](Connection& row) {
        if (!in_doubt) return;
        row.refresh_phase = RefreshPhase::kUnknown;
        row.state_reason = kUnknownRotation;
      });
  FaultPoint("refresh.unknown");
  return status;
}

absl::Status RefreshLeases::MarkGone(const Connection& leased) {
  AuditEvent event = EventAbout(leased, audit_kind::kGrantGone, "vault");
  event.outcome = "error";
  event.reason =
      leased.state_reason == kUnknownRotation ? kLostRotation : "GRANT_GONE";
  FaultPoint("refresh.before_mark");
  absl::Status status = End(leased, event, [&event](Connection& row) {
    row.state = ConnectionState::kNeedsReconnect;
    row.state_reason = event.reason;
  });
  FaultPoint("refresh.marked");
  return status;
}

absl::Status RefreshLeases::Unmark(const Connection& marked) {
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(Connection row,
                     store_.GetConnection(marked.tenant, marked.id));
    if (row.state != ConnectionState::kNeedsReconnect ||
        row.generation != marked.generation) {
      return absl::OkStatus();
    }
    const bool lost = row.state_reason == kLostRotation;
    row.state = ConnectionState::kActive;
    row.state_reason = lost ? kUnknownRotation : "";
    if (lost) row.refresh_phase = RefreshPhase::kUnknown;
    WriteBatch batch;
    batch.Update(row);
    batch.Append(MakeAuditEntry(
        EventAbout(row, audit_kind::kGrantDoubted, "vault"), clock_.Now()));
    status = store_.Commit(std::move(batch));
    if (!HasReason(status, "VERSION_CONFLICT")) break;
  }
  return status;
}

}  // namespace tokenvault
