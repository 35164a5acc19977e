#include "vault/refresher.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/provider_call.h"
#include "vault/upstream_revocations.h"

namespace tokenvault {
namespace {

// How often a commit is tried again when the row moved under it: somebody
// renamed or paused the connection. Each try reads it anew.
constexpr int kTries = 8;
constexpr char kUnknownRotation[] = "UNKNOWN_ROTATION";
constexpr char kLostRotation[] = "LOST_ROTATION";

AuditEvent EventFor(const Connection& connection, absl::string_view kind) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = connection.tenant;
  event.actor = "vault";
  event.user = connection.user;
  event.provider = connection.provider;
  event.connection = connection.id;
  return event;
}

void DropLease(Connection& connection) {
  connection.lease_owner.clear();
  connection.lease_until = absl::InfinitePast();
  connection.refresh_phase = RefreshPhase::kNone;
  connection.landing_slot = 0;
}

bool IsSuccess(const absl::StatusOr<HttpResponse>& answer) {
  return answer.ok() && answer->status >= 200 && answer->status < 300;
}

// Whether the provider may have done what we asked, though we hold no good
// answer. An answer that refuses says that it did not.
bool MayHaveRotated(const absl::StatusOr<HttpResponse>& answer,
                    const absl::Status& why) {
  const std::string reason = ReasonOf(why);
  if (reason == "PROVIDER_ANSWER_INVALID") {
    return !answer.ok() || IsSuccess(answer);
  }
  if (reason != "PROVIDER_UNREACHABLE") return false;
  if (!answer.ok()) return MetadataOf(why, "maybe_sent") != "false";
  // "Not now", said before the work began.
  return answer->status >= 500 && answer->status != 503;
}

RefreshCounts::Result ResultOf(const absl::StatusOr<HttpResponse>& answer,
                               const absl::Status& verdict) {
  using enum RefreshCounts::Result;
  if (verdict.ok()) return kOk;
  if (HasReason(verdict, "GRANT_GONE")) return kGrantGone;
  if (HasReason(verdict, "PROVIDER_MISCONFIGURED")) return kMisconfigured;
  return MayHaveRotated(answer, verdict) ? kAmbiguous : kTransient;
}

absl::Status CannotBeUsed(const Connection& connection) {
  return errors::ResourceDenied(
      absl::StrCat("connections/", connection.id.value));
}

}  // namespace

ScopeSet TokenScopes(const Provider& provider, const ScopeSet& asked,
                     const ScopeSet& granted) {
  return provider.narrowing == Narrowing::kNone
             ? granted.Minus(provider.scope_not_echoed)
             : asked;
}

Refresher::Refresher(const Clock& clock, Store& store, KeyKeeper& keys,
                     ProviderAccess& providers, TokenCache& cache,
                     std::unique_ptr<LandingFile> landing)
    : clock_(clock),
      store_(store),
      keys_(keys),
      providers_(providers),
      cache_(cache),
      slots_(keys, std::move(landing)),
      owner_(RandomToken()) {}

absl::Status Refresher::Recover(const Directory& directory) {
  ASSIGN_OR_RETURN(std::vector<Connection> unsettled,
                   store_.ListUnsettledRefreshes());
  std::erase_if(unsettled, [](const Connection& row) {
    return row.state != ConnectionState::kActive;
  });
  slots_.Reserve(unsettled);
  for (const Connection& row : unsettled) {
    const Provider* provider = directory.FindProvider(row.provider);
    // A provider that is switched off: its connections wait as they are.
    if (provider == nullptr) continue;
    absl::Status status = FinishInterrupted(*provider, row).status();
    Log(LogLevel::kWarning, "refresh.recovered",
        "a refresh was interrupted by the last end of the daemon",
        {{LogKey::kConnection, row.id.value},
         {LogKey::kReason, ReasonOf(status)}});
  }
  return absl::OkStatus();
}

absl::StatusOr<Refresher::Fetched> Refresher::Fetch(
    const Directory& directory, const Provider& configured,
    const Connection& connection, const ScopeSet& scopes,
    const std::string& resource) {
  ASSIGN_OR_RETURN(Connection row,
                   store_.GetConnection(connection.tenant, connection.id));
  ASSIGN_OR_RETURN(row, FinishInterrupted(configured, row));
  RETURN_IF_ERROR(CheckPause(row));
  // A new configuration may hold the right secret: it gets a new chance.
  if (directory_.exchange(&directory) != &directory) breaker_.Reset();
  RETURN_IF_ERROR(breaker_.Admit(configured.id, clock_.Now()));
  ASSIGN_OR_RETURN(Provider provider, providers_.WithEndpointsFor(
                                          row, configured, directory.dev_mode));
  FaultPoint("refresh.before_lease");
  ASSIGN_OR_RETURN(Connection leased, TakeLease(provider, row));
  FaultPoint("refresh.lease_committed");

  absl::StatusOr<Sealer> sealer =
      keys_.SealerFor(leased.tenant, leased.user.value);
  absl::StatusOr<Secret> refresh_token =
      sealer.ok()
          ? sealer->Open(leased.sealed_refresh_token,
                         RefreshTokenBinding(keys_.deployment_id(), leased))
          : sealer.status();
  if (!refresh_token.ok()) {
    absl::Status why = errors::StoredSecretUnreadable(leased.id.value);
    RETURN_IF_ERROR(GiveBack(leased, why));
    return why;
  }

  const absl::Time received = clock_.Now();
  FaultPoint("refresh.before_call");
  TokenCall call = CallAbout(directory, leased, received);
  absl::StatusOr<HttpResponse> answer = providers_.oauth().SendRefresh(
      provider, *refresh_token, scopes, resource, call);
  FaultPoint("refresh.answer_received");
  if (IsSuccess(answer)) {
    FaultPoint("refresh.before_land");
    absl::Status landed = slots_.Land(leased, *sealer, answer->body);
    // No return: the answer is here, and the commit may work.
    if (!landed.ok()) {
      Log(LogLevel::kError, "refresh.not_sealed",
          "an answer could not be sealed before it was read",
          {{LogKey::kConnection, leased.id.value},
           {LogKey::kReason, ReasonOf(landed)}});
    }
    FaultPoint("refresh.landed");
  }
  ASSIGN_OR_RETURN(Settled settled,
                   Settle(provider, leased, std::move(answer)));
  FaultPoint("refresh.done");
  providers_.oauth().Complete(provider, settled.response, call);
  call.hints = settled.response.captured;

  if (provider.narrowing == Narrowing::kTokenExchange) {
    ASSIGN_OR_RETURN(std::optional<TokenResponse> narrower,
                     providers_.oauth().ExchangeToken(
                         provider, settled.response.access_token, scopes,
                         resource, "", call));
    if (narrower.has_value()) settled.response = *std::move(narrower);
  }
  return ToAccessToken(directory, provider, std::move(settled.response), scopes,
                       settled.connection.granted_scopes, received);
}

void Refresher::ForgetTimes() {
  breaker_.Reset();
  MutexLock lock(mutex_);
  paused_until_.clear();
}

absl::Status Refresher::CheckPause(const Connection& connection) {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  auto it = paused_until_.find(connection.id);
  if (it == paused_until_.end()) return absl::OkStatus();
  if (now < it->second) {
    return errors::ProviderRateLimited(connection.provider.value,
                                       it->second - now);
  }
  paused_until_.erase(it);
  return absl::OkStatus();
}

// A row that says kMaybeSent while nobody is at work on it: the daemon ended in
// between, or the disk refused the result. The row as it is afterwards.
absl::StatusOr<Connection> Refresher::FinishInterrupted(
    const Provider& provider, const Connection& row) {
  if (row.refresh_phase != RefreshPhase::kMaybeSent ||
      row.state != ConnectionState::kActive) {
    return row;
  }
  FaultPoint("recover.begin");
  absl::StatusOr<Secret> landed = slots_.Find(row);
  FaultPoint("recover.slot_read");
  if (landed.ok()) {
    HttpResponse answer;
    answer.status = 200;
    answer.body = *std::move(landed);
    absl::StatusOr<Settled> settled = Settle(provider, row, std::move(answer));
    FaultPoint("recover.done");
    if (settled.ok()) return settled->connection;
    ASSIGN_OR_RETURN(Connection now, store_.GetConnection(row.tenant, row.id));
    // Not committed: it stays where it landed, and nothing is sent with the
    // token that it replaces.
    if (now.refresh_phase == RefreshPhase::kMaybeSent &&
        now.lease_epoch == row.lease_epoch) {
      return settled.status();
    }
    return now;
  }
  if (!HasReason(landed.status(), "NOT_FOUND")) return landed.status();
  RETURN_IF_ERROR(
      LeaveInDoubt(provider, row,
                   errors::ProviderUnreachable(provider.id.value, "interrupted",
                                               /*maybe_sent=*/true)));
  return store_.GetConnection(row.tenant, row.id);
}

absl::StatusOr<Connection> Refresher::TakeLease(const Provider& provider,
                                                const Connection& connection) {
  Connection row = connection;
  const absl::Time now = clock_.Now();
  // Where a replay may end everything that came of the grant, what is held is
  // used up first.
  const absl::Time held_until = cache_.HeldUntil(row.id);
  if (row.refresh_phase == RefreshPhase::kUnknown &&
      now >= row.refresh_sent_time + provider.reuse_grace && now < held_until) {
    return errors::ProviderUnreachable(provider.id.value, "outcome_unknown",
                                       /*maybe_sent=*/true, held_until - now);
  }
  ASSIGN_OR_RETURN(const uint64_t slot, slots_.Take(row.id));
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    status = row.state != ConnectionState::kActive || row.paused
                 ? CannotBeUsed(row)
             : row.sealed_refresh_token.empty()
                 ? errors::GrantGone(row.provider.value)
                 : absl::OkStatus();
    if (!status.ok()) break;
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

// What an answer means for the connection, committed. Also for an answer that
// landed in an earlier life.
absl::StatusOr<Refresher::Settled> Refresher::Settle(
    const Provider& provider, const Connection& leased,
    absl::StatusOr<HttpResponse> answer) {
  absl::StatusOr<TokenResponse> response =
      answer.ok() ? ParseTokenResponse(provider, *answer) : answer.status();
  FaultPoint("refresh.parsed");
  counts_.Count(provider.id, ResultOf(answer, response.status()));
  const absl::Time now = clock_.Now();
  if (response.ok()) {
    ScopeSet granted = leased.granted_scopes;
    // A narrowed answer says nothing about what the whole grant still holds.
    if (provider.narrowing != Narrowing::kRefreshScope) {
      granted = response->GrantedScopes(provider, granted);
    }
    Secret refresh_token = std::move(response->refresh_token);
    absl::StatusOr<Connection> saved =
        Save(leased, refresh_token.Clone(), granted, response->captured);
    if (HasReason(saved.status(), "RESOURCE_DENIED")) {
      KeepUnwanted(leased, refresh_token);
    }
    RETURN_IF_ERROR(saved.status());
    breaker_.OnSuccess(provider.id, now);
    return Settled{*std::move(response), *std::move(saved)};
  }

  const absl::Status why = response.status();
  if (HasReason(why, "GRANT_GONE")) {
    OnGrantGone(leased);
    return why;
  }
  if (answer.ok()) {
    // No token for anybody, and yet the next refresh token.
    Secret salvaged = SalvageRefreshToken(provider, *answer);
    if (!salvaged.empty()) {
      RETURN_IF_ERROR(
          Save(leased, std::move(salvaged), leased.granted_scopes, {})
              .status());
      return why;
    }
  }
  if (MayHaveRotated(answer, why)) {
    RETURN_IF_ERROR(LeaveInDoubt(provider, leased, why));
    return why;
  }
  if (HasReason(why, "PROVIDER_MISCONFIGURED")) {
    breaker_.OnMisconfigured(provider.id, MetadataOf(why, "problem"), now);
  }
  const absl::Duration wait =
      answer.ok() ? answer->RetryAfter() : absl::ZeroDuration();
  if (wait > absl::ZeroDuration()) {
    MutexLock lock(mutex_);
    paused_until_.insert_or_assign(leased.id, now + wait);
  }
  RETURN_IF_ERROR(GiveBack(leased, why));
  return why;
}

absl::StatusOr<Refresher::Fetched> Refresher::ToAccessToken(
    const Directory& directory, const Provider& provider,
    TokenResponse response, const ScopeSet& asked, const ScopeSet& granted,
    absl::Time received) {
  const bool narrows = provider.narrowing != Narrowing::kNone;
  // An answer without `scope` is as asked (RFC 6749 §5.1).
  ScopeSet can_do = response.GrantedScopes(provider, narrows ? asked : granted)
                        .Minus(provider.scope_not_echoed);
  const ScopeSet wanted = asked.Minus(provider.scope_not_echoed);

  Fetched fetched;
  fetched.enforcement =
      narrows ? ScopeEnforcement::kProvider : ScopeEnforcement::kGrant;
  if (!can_do.IsSubsetOf(wanted)) {
    if (!directory.tokens.allow_policy_only) {
      return errors::ScopeNotNarrowable(provider.id.value,
                                        can_do.Minus(wanted).ToString());
    }
    fetched.enforcement = ScopeEnforcement::kPolicyOnly;
  }

  const absl::Duration life = response.Lifetime(provider);
  if (life > directory.tokens.max_ttl && !directory.tokens.allow_long_lived) {
    return errors::ProviderTokenNotShortLived(provider.id.value);
  }
  auto token = std::make_shared<AccessToken>();
  token->value = std::move(response.access_token);
  token->type = response.token_type;
  token->token_id = "t-" + Base32Encode(RandomBytes(15));
  token->scopes = std::move(can_do);
  // Clocks differ and requests take time; of a short life, take less away.
  token->lifetime = life - std::min(absl::Seconds(60), life / 5);
  token->expire_time = received + token->lifetime;
  token->endpoint_hints = std::move(response.captured);
  fetched.token = std::move(token);
  return fetched;
}

absl::StatusOr<Connection> Refresher::Save(
    Connection leased, Secret refresh_token, const ScopeSet& granted,
    const std::map<std::string, std::string>& hints) {
  Connection row = leased;
  const uint64_t epoch = row.lease_epoch;
  const bool rotated = !refresh_token.empty();
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    if (row.lease_epoch != epoch || row.state != ConnectionState::kActive) {
      // Revoked, or reconnected by the person, while we asked: the newer grant
      // stands, and what we were given is not kept.
      slots_.Free(leased.id);
      return CannotBeUsed(row);
    }
    const absl::Time now = clock_.Now();
    Connection next = row;
    DropLease(next);
    next.state_reason.clear();
    next.last_refresh_time = now;
    next.granted_scopes = granted;
    for (const auto& [name, value] : hints) next.endpoint_hints[name] = value;
    AuditEvent event = EventFor(next, audit_kind::kRefreshSucceeded);
    if (rotated) {
      next.generation += 1;
      absl::StatusOr<Sealer> sealer =
          keys_.SealerFor(next.tenant, next.user.value);
      absl::StatusOr<std::string> sealed =
          sealer.ok()
              ? sealer->Seal(refresh_token,
                             RefreshTokenBinding(keys_.deployment_id(), next))
              : sealer.status();
      // No return: the token must not be lost.
      status = sealed.status();
      if (!status.ok()) break;
      next.sealed_refresh_token = *std::move(sealed);
      event.detail = absl::StrCat("generation ", next.generation);
    }
    event.scopes = granted;
    WriteBatch batch;
    batch.Update(next);
    batch.Append(MakeAuditEntry(event, now));
    FaultPoint("refresh.before_commit");
    status = store_.Commit(std::move(batch));
    if (status.ok()) {
      FaultPoint("refresh.committed");
      next.version += 1;
      slots_.Free(leased.id);
      return next;
    }
    absl::StatusOr<Connection> current =
        store_.GetConnection(row.tenant, row.id);
    if (current.ok()) row = *std::move(current);
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

absl::Status Refresher::EndLease(const Connection& leased, AuditEvent event,
                                 absl::FunctionRef<void(Connection&)> change) {
  Connection row = leased;
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    // Reconnected or revoked meanwhile: the answer was about an older grant.
    if (row.lease_epoch != leased.lease_epoch ||
        row.state != ConnectionState::kActive) {
      slots_.Free(leased.id);
      return absl::OkStatus();
    }
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
    absl::StatusOr<Connection> current =
        store_.GetConnection(row.tenant, row.id);
    if (current.ok()) row = *std::move(current);
  }
  return status;
}

absl::Status Refresher::GiveBack(const Connection& leased,
                                 const absl::Status& why) {
  AuditEvent event = EventFor(leased, audit_kind::kRefreshFailed);
  event.outcome = "error";
  event.reason = ReasonOf(why);
  FaultPoint("refresh.before_give_back");
  absl::Status status = EndLease(leased, event, [&leased](Connection& row) {
    // A doubt that this attempt did not settle goes on.
    if (leased.state_reason == kUnknownRotation) {
      row.refresh_phase = RefreshPhase::kUnknown;
    }
  });
  FaultPoint("refresh.given_back");
  return status;
}

absl::Status Refresher::LeaveInDoubt(const Provider& provider,
                                     const Connection& leased,
                                     const absl::Status& why) {
  AuditEvent event = EventFor(leased, audit_kind::kRefreshFailed);
  event.outcome = "error";
  event.reason = ReasonOf(why);
  const bool in_doubt = provider.rotation == Rotation::kSingleUse;
  if (in_doubt) event.detail = "outcome unknown";
  FaultPoint("refresh.before_unknown");
  absl::Status status = EndLease(leased, event, [in_doubt](Connection& row) {
    if (!in_doubt) return;
    row.refresh_phase = RefreshPhase::kUnknown;
    row.state_reason = kUnknownRotation;
  });
  FaultPoint("refresh.unknown");
  return status;
}

void Refresher::OnGrantGone(const Connection& leased) {
  // A rotation that we may have lost is reason enough for this one.
  const ProviderBreaker::Loss loss = leased.state_reason == kUnknownRotation
                                         ? ProviderBreaker::Loss::kExplained
                                         : ProviderBreaker::Loss::kUnexplained;
  ProviderBreaker::Verdict verdict =
      breaker_.OnGrantGone(leased, loss, clock_.Now());
  if (verdict.believed) return MarkGone(leased);
  absl::Status status =
      GiveBack(leased, errors::GrantGone(leased.provider.value));
  if (!status.ok()) {
    Log(LogLevel::kError, "refresh.unmarked",
        "the end of a refresh could not be written",
        {{LogKey::kConnection, leased.id.value},
         {LogKey::kReason, ReasonOf(status)}});
  }
  for (const Connection& marked : verdict.doubtful) Restore(marked);
}

void Refresher::MarkGone(const Connection& leased) {
  const bool lost = leased.state_reason == kUnknownRotation;
  AuditEvent event = EventFor(leased, audit_kind::kGrantGone);
  event.outcome = "error";
  event.reason = lost ? kLostRotation : "GRANT_GONE";
  FaultPoint("refresh.before_mark");
  absl::Status status = EndLease(leased, event, [&event](Connection& row) {
    row.state = ConnectionState::kNeedsReconnect;
    row.state_reason = event.reason;
  });
  FaultPoint("refresh.marked");
  cache_.Invalidate(leased.id);
  if (!status.ok()) {
    // Nothing is lost: the next refresh hears the same answer.
    Log(LogLevel::kError, "refresh.unmarked",
        "a dead grant could not be marked",
        {{LogKey::kConnection, leased.id.value},
         {LogKey::kReason, ReasonOf(status)}});
  }
}

// Takes a mark back that was made on the word of a provider which is in doubt
// now.
void Refresher::Restore(const Connection& marked) {
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<Connection> row =
        store_.GetConnection(marked.tenant, marked.id);
    if (!row.ok() || row->state != ConnectionState::kNeedsReconnect ||
        row->generation != marked.generation) {
      return;
    }
    const bool lost = row->state_reason == kLostRotation;
    row->state = ConnectionState::kActive;
    row->state_reason = lost ? kUnknownRotation : "";
    if (lost) row->refresh_phase = RefreshPhase::kUnknown;
    AuditEvent event = EventFor(*row, audit_kind::kGrantDoubted);
    WriteBatch batch;
    batch.Update(*row);
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    absl::Status status = store_.Commit(std::move(batch));
    if (status.ok()) cache_.Invalidate(marked.id);
    if (!HasReason(status, "VERSION_CONFLICT")) return;
  }
}

// A refresh token that came for a connection which was revoked meanwhile would
// live on at the provider, which is told of it in its turn. One that was
// reconnected is another matter: there, revoking the older token could end the
// newer grant.
void Refresher::KeepUnwanted(const Connection& leased,
                             const Secret& refresh_token) {
  absl::StatusOr<Connection> row =
      store_.GetConnection(leased.tenant, leased.id);
  if (refresh_token.empty() || !row.ok() ||
      row->state != ConnectionState::kRevoked) {
    return;
  }
  absl::Status status = KeepForRevocation(clock_.Now(), store_, keys_,
                                          *std::move(row), refresh_token)
                            .status();
  if (!status.ok()) {
    Log(LogLevel::kError, "refresh.unwanted",
        "a refresh token that came too late could not be kept to be revoked",
        {{LogKey::kConnection, leased.id.value},
         {LogKey::kReason, ReasonOf(status)}});
  }
}

}  // namespace tokenvault
