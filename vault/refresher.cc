#include "vault/refresher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

// How often a commit is tried again when the row moved under it: somebody
// renamed or paused the connection. Each try reads it anew.
constexpr int kTries = 8;

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
                     ProviderAccess& providers, TokenCache& cache)
    : clock_(clock),
      store_(store),
      keys_(keys),
      providers_(providers),
      cache_(cache),
      owner_(RandomToken()) {}

absl::StatusOr<Refresher::Fetched> Refresher::Fetch(
    const Directory& directory, const Provider& configured,
    const Connection& connection, const ScopeSet& scopes,
    const std::string& resource) {
  RETURN_IF_ERROR(SaveUnsaved(connection));
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.WithEndpoints(configured, directory.dev_mode));
  ASSIGN_OR_RETURN(Connection leased, TakeLease(connection));

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

  const bool narrows = provider.narrowing == Narrowing::kRefreshScope;
  const absl::Time received = clock_.Now();
  absl::StatusOr<TokenResponse> response = providers_.oauth().Refresh(
      provider, *refresh_token, narrows ? scopes : ScopeSet(), resource);
  if (!response.ok()) {
    if (HasReason(response.status(), "GRANT_GONE")) {
      MarkGone(leased);
    } else {
      RETURN_IF_ERROR(GiveBack(leased, response.status()));
    }
    return response.status();
  }

  ScopeSet granted = leased.granted_scopes;
  // A narrowed answer says nothing about what the whole grant still holds.
  if (!narrows) granted = response->GrantedScopes(provider, granted);
  ASSIGN_OR_RETURN(
      Connection saved,
      Save(std::move(leased), std::move(response->refresh_token), granted));

  if (provider.narrowing == Narrowing::kTokenExchange) {
    ASSIGN_OR_RETURN(
        *response, providers_.oauth().ExchangeToken(
                       provider, response->access_token, scopes, resource, ""));
  }
  return ToAccessToken(directory, provider, *std::move(response), scopes,
                       saved.granted_scopes, received);
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

absl::StatusOr<Connection> Refresher::TakeLease(const Connection& connection) {
  Connection row = connection;
  for (int i = 0; i < kTries; ++i) {
    if (row.state != ConnectionState::kActive || row.paused) {
      return CannotBeUsed(row);
    }
    if (row.sealed_refresh_token.empty()) {
      return errors::GrantGone(row.provider.value);
    }
    const absl::Time now = clock_.Now();
    // A lease of another process: the store admits one daemon at a time, so
    // that process is dead and its lease with it.
    row.lease_owner = owner_;
    row.lease_epoch += 1;
    row.lease_until = now + kLease;
    WriteBatch batch;
    batch.Update(row);
    absl::Status status = store_.Commit(std::move(batch));
    if (status.ok()) {
      row.version += 1;
      return row;
    }
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
    ASSIGN_OR_RETURN(row, store_.GetConnection(row.tenant, row.id));
  }
  return errors::VersionConflict("connection");
}

absl::StatusOr<Connection> Refresher::Save(Connection row, Secret refresh_token,
                                           const ScopeSet& granted) {
  const uint64_t epoch = row.lease_epoch;
  const bool rotated = !refresh_token.empty();
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    if (row.lease_epoch != epoch || row.state != ConnectionState::kActive) {
      // Revoked, or reconnected by the person, while we asked: the newer grant
      // stands, and what we were given is not kept.
      return CannotBeUsed(row);
    }
    const absl::Time now = clock_.Now();
    Connection next = row;
    DropLease(next);
    next.last_refresh_time = now;
    next.granted_scopes = granted;
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
    status = store_.Commit(std::move(batch));
    if (status.ok()) {
      next.version += 1;
      return next;
    }
    absl::StatusOr<Connection> current =
        store_.GetConnection(row.tenant, row.id);
    if (current.ok()) row = *std::move(current);
  }
  // The disk does not take it. The old token may be dead at the provider by
  // now, so the new one is all there is: keep it, and write it before anything
  // else.
  if (rotated) {
    Log(LogLevel::kError, "refresh.unsaved",
        "a new refresh token could not be written; it is kept in memory",
        {{LogKey::kConnection, row.id.value},
         {LogKey::kReason, ReasonOf(status)}});
    MutexLock lock(mutex_);
    unsaved_.insert_or_assign(
        row.id, Unsaved{epoch, std::move(refresh_token), granted});
  }
  return status;
}

absl::Status Refresher::SaveUnsaved(const Connection& connection) {
  Unsaved unsaved;
  {
    MutexLock lock(mutex_);
    auto it = unsaved_.find(connection.id);
    if (it == unsaved_.end()) return absl::OkStatus();
    unsaved = std::move(it->second);
    unsaved_.erase(it);
  }
  absl::StatusOr<Connection> row =
      store_.GetConnection(connection.tenant, connection.id);
  if (!row.ok()) {
    MutexLock lock(mutex_);
    unsaved_.insert_or_assign(connection.id, std::move(unsaved));
    return row.status();
  }
  // A newer lease or grant makes it worthless.
  if (row->lease_epoch != unsaved.lease_epoch) return absl::OkStatus();
  return Save(*std::move(row), std::move(unsaved.refresh_token),
              unsaved.granted_scopes)
      .status();
}

absl::Status Refresher::GiveBack(const Connection& leased,
                                 const absl::Status& why) {
  Connection row = leased;
  for (int i = 0; i < kTries; ++i) {
    if (row.lease_epoch != leased.lease_epoch) return absl::OkStatus();
    DropLease(row);
    AuditEvent event = EventFor(row, audit_kind::kRefreshFailed);
    event.outcome = "error";
    event.reason = ReasonOf(why);
    WriteBatch batch;
    batch.Update(row);
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    absl::Status status = store_.Commit(std::move(batch));
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
    ASSIGN_OR_RETURN(row, store_.GetConnection(row.tenant, row.id));
  }
  return absl::OkStatus();
}

void Refresher::MarkGone(const Connection& leased) {
  Connection row = leased;
  absl::Status status;
  for (int i = 0; i < kTries; ++i) {
    // Reconnected or revoked meanwhile: the answer was about an older grant.
    if (row.lease_epoch != leased.lease_epoch ||
        row.generation != leased.generation ||
        row.state != ConnectionState::kActive) {
      return;
    }
    DropLease(row);
    row.state = ConnectionState::kNeedsReconnect;
    row.state_reason = "GRANT_GONE";
    AuditEvent event = EventFor(row, audit_kind::kGrantGone);
    event.outcome = "error";
    event.reason = "GRANT_GONE";
    WriteBatch batch;
    batch.Update(row);
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    status = store_.Commit(std::move(batch));
    if (status.ok()) break;
    absl::StatusOr<Connection> current =
        store_.GetConnection(row.tenant, row.id);
    if (current.ok()) row = *std::move(current);
  }
  cache_.Invalidate(leased.id);
  if (!status.ok()) {
    // Nothing is lost: the next refresh hears the same answer.
    Log(LogLevel::kError, "refresh.unmarked",
        "a dead grant could not be marked",
        {{LogKey::kConnection, leased.id.value},
         {LogKey::kReason, ReasonOf(status)}});
  }
}

}  // namespace tokenvault
