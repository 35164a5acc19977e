#include "vault/refresher.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/bindings.h"
#include "vault/provider_call.h"
#include "vault/upstream_revocations.h"

namespace tokenvault {
namespace {

// So many failures in a row say nothing yet; from then on each one doubles the
// time for which a connection's provider is left alone.
constexpr int kFailuresBeforePause = 5;
constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(5);

bool IsSuccess(const absl::StatusOr<HttpResponse>& answer) {
  return answer.ok() && answer->status >= 200 && answer->status < 300;
}

// Whether the provider may have done what we asked, though we hold no good
// answer. An answer that refuses says that it did not; one that succeeds and
// speaks of trouble says nothing.
bool MayHaveRotated(const absl::StatusOr<HttpResponse>& answer,
                    const absl::Status& why) {
  const std::string reason = ReasonOf(why);
  if (reason == "PROVIDER_ANSWER_INVALID") {
    return !answer.ok() || IsSuccess(answer);
  }
  if (reason != "PROVIDER_UNREACHABLE") return false;
  if (!answer.ok()) return MetadataOf(why, "maybe_sent") != "false";
  // "Not now", said before the work began.
  return IsSuccess(answer) || (answer->status >= 500 && answer->status != 503);
}

RefreshCounts::Result ResultOf(const absl::StatusOr<HttpResponse>& answer,
                               const absl::Status& verdict) {
  using enum RefreshCounts::Result;
  if (verdict.ok()) return kOk;
  if (HasReason(verdict, "GRANT_GONE")) return kGrantGone;
  if (HasReason(verdict, "PROVIDER_MISCONFIGURED")) return kMisconfigured;
  return MayHaveRotated(answer, verdict) ? kAmbiguous : kTransient;
}

// What the token that a refresh brings is filed under, where narrower ones are
// made of it: no request is for no scopes at all, so none is handed this one.
TokenKey WideKey(const Connection& row) {
  return {row.tenant, row.id, ScopeSet(), ""};
}

std::shared_ptr<AccessToken> MakeAccessToken(const Provider& provider,
                                             TokenResponse response,
                                             ScopeSet can_do,
                                             absl::Time received,
                                             absl::Time not_after) {
  const absl::Duration life = response.Lifetime(provider);
  auto token = std::make_shared<AccessToken>();
  token->value = std::move(response.access_token);
  token->value.MoveToHeap();  // the cache may hold very many
  token->type = response.token_type;
  token->token_id = "t-" + Base32Encode(RandomBytes(15));
  token->scopes = std::move(can_do);
  // Of a short life, take less away.
  token->expire_time = std::min(
      received + life - std::min(kMostExpiryMargin, life / 5), not_after);
  token->lifetime = token->expire_time - received;
  token->endpoint_hints = std::move(response.captured);
  return token;
}

// Who sees to it that a token which can do `can_do` does no more than
// `wanted`; SCOPE_NOT_NARROWABLE when nobody does and that is not allowed.
absl::StatusOr<ScopeEnforcement> EnforcementOf(const Directory& directory,
                                               const Provider& provider,
                                               const ScopeSet& can_do,
                                               const ScopeSet& wanted) {
  if (can_do.IsSubsetOf(wanted)) {
    return provider.narrowing == Narrowing::kNone ? ScopeEnforcement::kGrant
                                                  : ScopeEnforcement::kProvider;
  }
  if (directory.tokens.allow_policy_only) return ScopeEnforcement::kPolicyOnly;
  return errors::ScopeNotNarrowable(provider.id.value,
                                    can_do.Minus(wanted).ToString());
}

// What the grant still holds, by an answer to a request for `asked`.
ScopeSet StillGranted(const Provider& provider, const ScopeSet& granted,
                      const ScopeSet& asked, const TokenResponse& response) {
  if (provider.narrowing != Narrowing::kRefreshScope) {
    return response.GrantedScopes(provider, granted);
  }
  // A narrowed answer says nothing of what was not asked for; but what was, and
  // did not come, is no longer granted.
  if (!response.scope.has_value()) return granted;
  return granted.Minus(
      asked.Minus(*response.scope).Minus(provider.scope_not_echoed));
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
      leases_(clock, store, keys, slots_) {}

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

std::vector<Connection> Refresher::Uncommitted() {
  absl::flat_hash_map<ConnectionId, TenantId> known;
  {
    MutexLock lock(mutex_);
    known = uncommitted_;
  }
  std::vector<Connection> rows;
  for (const auto& [id, tenant] : known) {
    absl::StatusOr<Connection> row = store_.GetConnection(tenant, id);
    if (row.ok()) rows.push_back(*std::move(row));
  }
  return rows;
}

absl::Status Refresher::Settle(const Directory& directory,
                               const Connection& connection) {
  const Provider* provider = directory.FindProvider(connection.provider);
  if (provider == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(Connection row,
                   store_.GetConnection(connection.tenant, connection.id));
  return FinishInterrupted(*provider, row).status();
}

absl::StatusOr<Refresher::Fetched> Refresher::Fetch(
    const Directory& directory, const Provider& configured,
    const Connection& connection, const Wanted& wanted) {
  // Before the row is read: what changes it voids what we learn.
  const Validity validity = cache_.ValidityOf(connection.id);
  ASSIGN_OR_RETURN(Connection row,
                   store_.GetConnection(connection.tenant, connection.id));
  ASSIGN_OR_RETURN(row, FinishInterrupted(configured, row));
  RETURN_IF_ERROR(CheckPause(row));
  {
    // A new configuration may hold the right secret: it gets a new chance.
    MutexLock lock(mutex_);
    if (generation_ != directory.generation) breaker_.Reset();
    generation_ = directory.generation;
  }
  RETURN_IF_ERROR(breaker_.Admit(configured.id, clock_.Now()));
  ASSIGN_OR_RETURN(Provider provider, providers_.WithEndpointsFor(
                                          row, configured, directory.dev_mode));

  if (provider.narrowing == Narrowing::kTokenExchange) {
    const absl::Time now = clock_.Now();
    auto wide = cache_.Find(WideKey(row), now);
    if (wide != nullptr && IsGoodEnough(wanted.min_ttl, *wide, now)) {
      absl::StatusOr<Fetched> fetched =
          Narrow(directory, provider, wide, row.granted_scopes, wanted,
                 CallAbout(directory, row, now));
      if (!HasReason(fetched.status(), "PROVIDER_REFUSED")) return fetched;
      // It may be dead at the provider, though not here: one refresh tells.
      cache_.Reject(wide->token_id);
    }
  }
  RETURN_IF_ERROR(CheckUse(provider, row, wanted));

  FaultPoint("refresh.before_lease");
  ASSIGN_OR_RETURN(Connection leased, leases_.Take(row));
  FaultPoint("refresh.lease_committed");
  const absl::Time received = clock_.Now();
  TokenCall call = CallAbout(directory, leased, received);
  ASSIGN_OR_RETURN(Settled settled, Refresh(provider, leased, wanted, call));
  FaultPoint("refresh.done");
  providers_.oauth().Complete(provider, settled.response, call);
  call.hints = settled.response.captured;

  const ScopeSet& granted = settled.connection.granted_scopes;
  if (provider.narrowing != Narrowing::kTokenExchange) {
    return ToAccessToken(directory, provider, std::move(settled.response),
                         wanted.scopes, granted, received);
  }
  std::shared_ptr<const AccessToken> wide =
      MakeAccessToken(provider, std::move(settled.response),
                      granted.Minus(provider.scope_not_echoed), received,
                      absl::InfiniteFuture());
  cache_.Put(WideKey(settled.connection), wide, validity, clock_.Now());
  return Narrow(directory, provider, wide, granted, wanted, call);
}

void Refresher::Forget(const ConnectionId& connection) {
  slots_.Free(connection);
  breaker_.ForgetPersonOf(connection);
  MutexLock lock(mutex_);
  pauses_.erase(connection);
  uncommitted_.erase(connection);
}

void Refresher::ForgetTimes() {
  breaker_.Reset();
  MutexLock lock(mutex_);
  pauses_.clear();
}

absl::Status Refresher::CheckPause(const Connection& connection) {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  auto it = pauses_.find(connection.id);
  if (it == pauses_.end() || now >= it->second.until) return absl::OkStatus();
  const absl::Duration left = it->second.until - now;
  const absl::Status& why = it->second.why;
  if (!HasReason(why, "PROVIDER_UNREACHABLE")) {
    return errors::ProviderRateLimited(connection.provider.value, left);
  }
  return errors::ProviderUnreachable(connection.provider.value,
                                     MetadataOf(why, "problem"),
                                     /*maybe_sent=*/false, left);
}

// After a call that brought nothing. As long as the provider asks; else, when
// it fails again and again, a little longer each time.
void Refresher::NotePause(const ConnectionId& connection,
                          const absl::Status& why) {
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  Pause& pause = pauses_[connection];
  pause.why = why;
  if (HasReason(why, "PROVIDER_RATE_LIMITED")) {
    pause.until = now + RetryDelayOf(why);
    return;
  }
  pause.failures += 1;
  if (pause.failures < kFailuresBeforePause) return;
  const int doublings = std::min(pause.failures - kFailuresBeforePause, 16);
  pause.until = now + std::min(kFirstPause * (1 << doublings), kLongestPause);
}

// Whether a refresh may be risked while tokens of the connection are in use.
absl::Status Refresher::CheckUse(const Provider& provider,
                                 const Connection& row, const Wanted& wanted) {
  const absl::Time now = clock_.Now();
  const absl::Duration held = cache_.HeldUntil(row.id) - now;
  // Where a replay may end everything that came of the grant, what is held is
  // used up first.
  if (row.refresh_phase == RefreshPhase::kUnknown &&
      now >= row.refresh_sent_time + provider.reuse_grace &&
      held > absl::ZeroDuration()) {
    return errors::ProviderUnreachable(provider.id.value, "outcome_unknown",
                                       /*maybe_sent=*/true, held);
  }
  const absl::Duration min_ttl = wanted.min_ttl.value_or(kDefaultMinTtl);
  if (provider.refresh_invalidates_access_token && held > min_ttl) {
    return errors::RateLimited("tokens_in_use", held - min_ttl);
  }
  return absl::OkStatus();
}

// A row that says kMaybeSent while nobody is at work on it: the daemon ended in
// between, or the disk refused the result. The row as it is afterwards.
absl::StatusOr<Connection> Refresher::FinishInterrupted(
    const Provider& provider, const Connection& row) {
  if (row.refresh_phase != RefreshPhase::kMaybeSent ||
      row.state != ConnectionState::kActive) {
    MutexLock lock(mutex_);
    uncommitted_.erase(row.id);
    return row;
  }
  FaultPoint("recover.begin");
  absl::StatusOr<Secret> landed = slots_.Find(row);
  FaultPoint("recover.slot_read");
  if (landed.ok()) {
    HttpResponse answer;
    answer.status = 200;
    answer.body = *std::move(landed);
    absl::StatusOr<Settled> settled =
        Judge(provider, row, /*asked=*/ScopeSet(), std::move(answer));
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
  absl::Status doubted = leases_.LeaveInDoubt(
      provider, row,
      errors::ProviderUnreachable(provider.id.value, "interrupted",
                                  /*maybe_sent=*/true));
  // Moved on is settled, too.
  if (!HasReason(doubted, "RESOURCE_DENIED")) RETURN_IF_ERROR(doubted);
  return store_.GetConnection(row.tenant, row.id);
}

// The call itself: opens, sends, lands, judges.
absl::StatusOr<Refresher::Settled> Refresher::Refresh(const Provider& provider,
                                                      const Connection& leased,
                                                      const Wanted& wanted,
                                                      const TokenCall& call) {
  absl::StatusOr<Sealer> sealer =
      keys_.SealerFor(leased.tenant, leased.user.value);
  absl::StatusOr<Secret> refresh_token =
      sealer.ok()
          ? sealer->Open(leased.sealed_refresh_token,
                         RefreshTokenBinding(keys_.deployment_id(), leased))
          : sealer.status();
  if (!refresh_token.ok()) {
    absl::Status why = errors::StoredSecretUnreadable(leased.id.value);
    RETURN_IF_ERROR(leases_.GiveBack(leased, why));
    return why;
  }
  FaultPoint("refresh.before_call");
  absl::StatusOr<HttpResponse> answer = providers_.oauth().SendRefresh(
      provider, *refresh_token, wanted.scopes, wanted.resource, call);
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
  return Judge(provider, leased, wanted.scopes, std::move(answer));
}

// What an answer means for the connection, committed. Also for an answer that
// landed in an earlier life.
absl::StatusOr<Refresher::Settled> Refresher::Judge(
    const Provider& provider, const Connection& leased, const ScopeSet& asked,
    absl::StatusOr<HttpResponse> answer) {
  absl::StatusOr<TokenResponse> response =
      answer.ok() ? ParseTokenResponse(provider, *answer) : answer.status();
  FaultPoint("refresh.parsed");
  counts_.Count(provider.id, ResultOf(answer, response.status()), clock_.Now());
  if (response.ok()) {
    return Keep(provider, leased, asked, *std::move(response));
  }
  const absl::Status why = response.status();
  if (answer.ok()) {
    // No token for anybody, and yet the next refresh token, whatever stands
    // beside it.
    const Secret salvaged = SalvageRefreshToken(provider, *answer);
    if (!salvaged.empty()) {
      NotePause(leased.id, why);
      absl::Status saved =
          leases_.Save(leased, salvaged, leased.granted_scopes, {}).status();
      NoteSaved(leased, saved);
      RETURN_IF_ERROR(saved);
      return HasReason(why, "GRANT_GONE")
                 ? errors::ProviderAnswerInvalid(provider.id.value,
                                                 "error_beside_token")
                 : why;
    }
  }
  if (HasReason(why, "GRANT_GONE")) return OnGrantGone(leased);
  if (HasReason(why, "PROVIDER_MISCONFIGURED")) {
    breaker_.OnMisconfigured(provider.id, MetadataOf(why, "problem"),
                             clock_.Now());
  } else {
    NotePause(leased.id, why);
  }
  RETURN_IF_ERROR(MayHaveRotated(answer, why)
                      ? leases_.LeaveInDoubt(provider, leased, why)
                      : leases_.GiveBack(leased, why));
  return why;
}

absl::StatusOr<Refresher::Settled> Refresher::Keep(const Provider& provider,
                                                   const Connection& leased,
                                                   const ScopeSet& asked,
                                                   TokenResponse response) {
  const ScopeSet granted =
      StillGranted(provider, leased.granted_scopes, asked, response);
  const Secret refresh_token = std::move(response.refresh_token);
  absl::StatusOr<Connection> saved =
      leases_.Save(leased, refresh_token, granted, response.captured);
  if (HasReason(saved.status(), "RESOURCE_DENIED")) {
    KeepUnwanted(leased, refresh_token);
  }
  NoteSaved(leased, saved.status());
  RETURN_IF_ERROR(saved.status());
  {
    MutexLock lock(mutex_);
    pauses_.erase(leased.id);
  }
  // Tokens of before may do what is no longer granted, and questions of what
  // may be used have another answer.
  if (!leased.granted_scopes.IsSubsetOf(granted)) {
    cache_.Invalidate(leased.id);
  }
  breaker_.OnSuccess(provider.id, clock_.Now());
  return Settled{std::move(response), *std::move(saved)};
}

// What the disk did not take is tried again when it may have healed.
void Refresher::NoteSaved(const Connection& leased, const absl::Status& saved) {
  MutexLock lock(mutex_);
  if (saved.ok() || HasReason(saved, "RESOURCE_DENIED")) {
    uncommitted_.erase(leased.id);
  } else {
    uncommitted_.insert_or_assign(leased.id, leased.tenant);
  }
}

absl::Status Refresher::OnGrantGone(const Connection& leased) {
  // Reconnected or revoked meanwhile: the answer was about an older grant, and
  // says nothing about the provider either.
  RETURN_IF_ERROR(leases_.CheckHeld(leased));
  // A rotation that we may have lost is reason enough for this one.
  const ProviderBreaker::Loss loss = leased.state_reason == kUnknownRotation
                                         ? ProviderBreaker::Loss::kExplained
                                         : ProviderBreaker::Loss::kUnexplained;
  ProviderBreaker::Verdict verdict =
      breaker_.OnGrantGone(leased, loss, clock_.Now());
  absl::Status why = errors::GrantGone(leased.provider.value);
  absl::Status written;
  if (verdict.believed) {
    written = leases_.MarkGone(leased);
    cache_.Invalidate(leased.id);
  } else {
    // Whose turn it is: the operator's, not the person's.
    why = errors::ProviderMisconfigured(leased.provider.value, verdict.problem);
    written = leases_.GiveBack(leased, why);
  }
  // Nothing is lost: the next refresh hears the same answer.
  if (!written.ok()) {
    Log(LogLevel::kError, "refresh.unmarked",
        "the end of a refresh could not be written",
        {{LogKey::kConnection, leased.id.value},
         {LogKey::kReason, ReasonOf(written)}});
  }
  for (const Connection& marked : verdict.doubtful) {
    if (leases_.Unmark(marked).ok()) cache_.Invalidate(marked.id);
  }
  return why;
}

// A token for what is wanted, made of one that can do more.
absl::StatusOr<Refresher::Fetched> Refresher::Narrow(
    const Directory& directory, const Provider& provider,
    const std::shared_ptr<const AccessToken>& wide, const ScopeSet& granted,
    const Wanted& wanted, const TokenCall& call) {
  const absl::Time received = clock_.Now();
  absl::StatusOr<std::optional<TokenResponse>> narrower =
      providers_.oauth().ExchangeToken(provider, wide->value, wanted.scopes,
                                       wanted.resource, "", call);
  // Of the wide token alone: the grant was good a moment ago.
  if (HasReason(narrower.status(), "GRANT_GONE")) {
    return errors::ProviderRefused(provider.id.value, "invalid_grant");
  }
  RETURN_IF_ERROR(narrower.status());
  if (narrower->has_value()) {
    // Nobody promises that it outlives what it was made of.
    return ToAccessToken(directory, provider, **std::move(narrower),
                         wanted.scopes, granted, received, wide->expire_time);
  }
  // The token that there is will do.
  ASSIGN_OR_RETURN(
      ScopeEnforcement enforcement,
      EnforcementOf(directory, provider, wide->scopes,
                    wanted.scopes.Minus(provider.scope_not_echoed)));
  return Fetched{wide, enforcement};
}

absl::StatusOr<Refresher::Fetched> Refresher::ToAccessToken(
    const Directory& directory, const Provider& provider,
    TokenResponse response, const ScopeSet& asked, const ScopeSet& granted,
    absl::Time received, absl::Time not_after) {
  const bool narrows = provider.narrowing != Narrowing::kNone;
  // An answer without `scope` is as asked (RFC 6749 §5.1).
  ScopeSet can_do = response.GrantedScopes(provider, narrows ? asked : granted)
                        .Minus(provider.scope_not_echoed);
  ASSIGN_OR_RETURN(ScopeEnforcement enforcement,
                   EnforcementOf(directory, provider, can_do,
                                 asked.Minus(provider.scope_not_echoed)));
  const absl::Duration life = response.Lifetime(provider);
  if (life > directory.tokens.max_ttl && !directory.tokens.allow_long_lived) {
    return errors::ProviderTokenNotShortLived(provider.id.value);
  }
  return Fetched{MakeAccessToken(provider, std::move(response),
                                 std::move(can_do), received, not_after),
                 enforcement};
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
