#include "vault/consent_flow.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "oauth/pkce.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/refresher.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kFlowLifetime = absl::Minutes(10);
constexpr int kMaxAccounts = 100;
// How often the last commit is tried again when a row moved under it.
constexpr int kTries = 8;
constexpr size_t kMaxLabel = 256;

AuditEvent EventFor(const Interaction& interaction, absl::string_view kind) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = interaction.tenant;
  event.actor = absl::StrCat("users/", interaction.user.value);
  event.user = interaction.user;
  event.provider = interaction.provider;
  event.connection = interaction.connection;
  event.interaction = interaction.id;
  event.scopes = interaction.scopes;
  return event;
}

AgentGrant NewGrant(const Connection& connection,
                    const Interaction& interaction, const ScopeSet& scopes,
                    absl::Time now, absl::Time end_time) {
  AgentGrant grant;
  grant.tenant = connection.tenant;
  grant.connection = connection.id;
  grant.agent = interaction.agent;
  grant.scopes = scopes;
  grant.create_time = now;
  grant.end_time = end_time;
  return grant;
}

std::string CookieName(const std::string& state_hash) {
  return absl::StrCat("tv_flow_", HexEncode(state_hash.substr(0, 4)));
}

// What the provider says when a person presses "deny" there, and what it says
// when something is wrong with it or with us (RFC 6749 §4.1.2.1).
absl::Status ProviderError(const Provider& provider, const std::string& code) {
  if (code == "server_error" || code == "temporarily_unavailable") {
    return errors::ProviderUnreachable(provider.id.value, code,
                                       /*maybe_sent=*/true);
  }
  static constexpr const char* kOurs[] = {
      "invalid_request", "unauthorized_client", "unsupported_response_type",
      "invalid_scope"};
  for (const char* known : kOurs) {
    if (code == known) {
      return errors::ProviderMisconfigured(provider.id.value, known);
    }
  }
  return errors::ProviderAnswerInvalid(provider.id.value, "unknown_error");
}

}  // namespace

std::string CallbackContext(const TenantId& tenant,
                            const ProviderId& provider) {
  return absl::StrCat(tenant.value, ".", provider.value);
}

std::string CallbackPath(const TenantId& tenant, const ProviderId& provider) {
  return absl::StrCat("/cb/", CallbackContext(tenant, provider));
}

ConsentFlow::ConsentFlow(const Clock& clock, Store& store, KeyKeeper& keys,
                         ProviderAccess& providers, Interactions& interactions,
                         TokenCache& cache)
    : clock_(clock),
      store_(store),
      keys_(keys),
      providers_(providers),
      interactions_(interactions),
      cache_(cache) {}

absl::StatusOr<Interaction> ConsentFlow::Look(const std::string& link_id) {
  ASSIGN_OR_RETURN(Interaction interaction, interactions_.FindByLink(link_id));
  switch (StateAt(interaction, clock_.Now())) {
    case InteractionState::kPending:
      return interaction;
    case InteractionState::kCompleted:
      return errors::InteractionUsed(interaction.id.value);
    case InteractionState::kExpired:
      return errors::InteractionExpired(interaction.id.value);
    case InteractionState::kDenied:
    case InteractionState::kCancelled:
    case InteractionState::kRefused:
      break;
  }
  return errors::InteractionDenied(interaction.id.value);
}

absl::Status ConsentFlow::Admit(const Interaction& interaction,
                                const WebSession& session) {
  if (session.tenant == interaction.tenant &&
      session.user == interaction.user) {
    return absl::OkStatus();
  }
  AuditEvent event = EventFor(interaction, audit_kind::kConnectUserMismatch);
  event.actor = absl::StrCat("users/", session.user.value);
  event.outcome = "denied";
  event.reason = "FAILED_USER_MISMATCH";
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status status =
      interactions_.Settle(interaction, InteractionState::kRefused,
                           "FAILED_USER_MISMATCH", std::move(batch));
  if (!status.ok() && !HasReason(status, "VERSION_CONFLICT")) return status;
  return errors::ConnectRefused("user_mismatch");
}

absl::Status ConsentFlow::Deny(const Interaction& interaction,
                               const WebSession& session) {
  RETURN_IF_ERROR(Admit(interaction, session));
  AuditEvent event = EventFor(interaction, audit_kind::kConsentDenied);
  event.outcome = "denied";
  event.reason = "ACCESS_DENIED";
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  return interactions_.Settle(interaction, InteractionState::kDenied,
                              "ACCESS_DENIED", std::move(batch));
}

absl::StatusOr<ConsentFlow::Allowed> ConsentFlow::Allow(
    const Directory& directory, const Interaction& interaction,
    const WebSession& session, absl::Time access_end_time) {
  RETURN_IF_ERROR(Admit(interaction, session));
  const absl::Time now = clock_.Now();
  AuditEvent event = EventFor(interaction, audit_kind::kConsentAllowed);
  event.purpose = interaction.purpose;

  // Another agent, or a wider use, of what the account granted already: the
  // provider has nothing to add.
  ScopeSet wanted = interaction.scopes;
  if (!interaction.connection.empty()) {
    ASSIGN_OR_RETURN(
        Connection connection,
        store_.GetConnection(interaction.tenant, interaction.connection));
    if (connection.state == ConnectionState::kActive &&
        now < connection.access_end_time &&
        wanted.IsSubsetOf(connection.granted_scopes)) {
      WriteBatch batch;
      batch.Append(MakeAuditEntry(event, now));
      RETURN_IF_ERROR(PutGrant(connection, interaction, interaction.scopes,
                               access_end_time, batch));
      RETURN_IF_ERROR(interactions_.Settle(
          interaction, InteractionState::kCompleted, "", std::move(batch)));
      cache_.Invalidate(connection.id);
      return Allowed{};
    }
    // The union: some providers replace a grant instead of widening it.
    wanted = wanted.Union(connection.granted_scopes);
  }

  const Provider* provider = directory.FindProvider(interaction.provider);
  if (provider == nullptr) {
    return errors::ResourceDenied(
        absl::StrCat("providers/", interaction.provider.value));
  }
  if (provider->narrowing != Narrowing::kNone) {
    wanted = wanted.Union(provider->account_scopes);
  }

  Allowed allowed;
  allowed.flow_id = NewUlid(now);
  const std::string state = keys_.Derive("state", allowed.flow_id);
  Pkce pkce = NewPkce(RandomBytes(32));
  OAuthFlow flow;
  flow.state_hash = keys_.Lookup("state", state);
  flow.tenant = interaction.tenant;
  flow.kind = FlowKind::kConnect;
  flow.interaction = interaction.id;
  flow.provider = interaction.provider;
  flow.context = CallbackContext(interaction.tenant, interaction.provider);
  flow.session_hash = session.id_hash;
  flow.scopes = wanted;
  flow.access_end_time = access_end_time;
  flow.create_time = now;
  flow.expire_time = now + kFlowLifetime;

  BrowserTrip trip;
  trip.cookie_name = CookieName(flow.state_hash);
  trip.cookie_value = RandomToken();
  trip.cookie_age = kFlowLifetime;
  flow.cookie_hash = keys_.Lookup("flow-cookie", trip.cookie_value);
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(flow.tenant, ""));
  ASSIGN_OR_RETURN(
      flow.sealed_verifier,
      sealer.Seal(pkce.verifier,
                  FlowVerifierBinding(keys_.deployment_id(), flow)));
  WriteBatch batch;
  batch.Insert(std::move(flow));
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  allowed.trip = std::move(trip);
  return allowed;
}

absl::StatusOr<ConsentFlow::Leaving> ConsentFlow::Destination(
    const Directory& directory, const std::string& flow_id,
    const WebSession& session) {
  const std::string state = keys_.Derive("state", flow_id);
  absl::StatusOr<OAuthFlow> flow = store_.GetFlow(keys_.Lookup("state", state));
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return errors::ConnectRefused("state");
  }
  RETURN_IF_ERROR(flow.status());
  if (flow->session_hash != session.id_hash) {
    return errors::ConnectRefused("session");
  }
  if (flow->state != FlowState::kRedirected) {
    return errors::ConnectRefused("replayed");
  }
  if (clock_.Now() >= flow->expire_time) {
    return errors::ConnectRefused("expired");
  }
  const Provider* configured = directory.FindProvider(flow->provider);
  if (configured == nullptr) {
    return errors::ResourceDenied(
        absl::StrCat("providers/", flow->provider.value));
  }
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.WithEndpoints(*configured, directory.dev_mode));
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(flow->tenant, ""));
  ASSIGN_OR_RETURN(
      Secret verifier,
      sealer.Open(flow->sealed_verifier,
                  FlowVerifierBinding(keys_.deployment_id(), *flow)));

  AuthorizationRequest request;
  request.scopes = flow->scopes;
  request.redirect_uri = absl::StrCat(
      directory.public_url, CallbackPath(flow->tenant, flow->provider));
  request.state = state;
  request.code_challenge = PkceChallenge(verifier.Reveal());
  if (flow->scopes.Contains("openid")) {
    request.nonce = keys_.Derive("nonce", state);
  }
  Leaving leaving;
  leaving.url = providers_.oauth().AuthorizationUrl(provider, request);
  ASSIGN_OR_RETURN(leaving.interaction,
                   store_.GetInteraction(flow->tenant, flow->interaction));
  return leaving;
}

absl::StatusOr<ConsentFlow::Returned> ConsentFlow::Return(
    const Directory& directory, const std::string& context,
    const CallbackQuery& query, const std::optional<WebSession>& session,
    const CookieReader& read_cookie) {
  ASSIGN_OR_RETURN(OAuthFlow flow, TakeFlow(query));

  // From here on a failed check burns the question.
  Returned returned;
  returned.interaction = flow.interaction;
  returned.flow_cookie_name = CookieName(flow.state_hash);
  std::optional<std::string> cookie = read_cookie(returned.flow_cookie_name);
  if (flow.kind != FlowKind::kConnect || !cookie.has_value() ||
      !EqualInConstantTime(keys_.Lookup("flow-cookie", *cookie),
                           flow.cookie_hash)) {
    return Burn(flow, "cookie");
  }
  if (!session.has_value() || session->id_hash != flow.session_hash) {
    return Burn(flow, "session");
  }
  ASSIGN_OR_RETURN(Interaction interaction,
                   store_.GetInteraction(flow.tenant, flow.interaction));
  if (session->tenant != interaction.tenant ||
      session->user != interaction.user) {
    return Burn(flow, "user");
  }
  if (interaction.state != InteractionState::kPending) {
    return Burn(flow, "settled");
  }
  const Provider* configured = directory.FindProvider(flow.provider);
  if (context != flow.context || configured == nullptr) {
    return Burn(flow, "context");
  }
  absl::StatusOr<Provider> reachable =
      providers_.WithEndpoints(*configured, directory.dev_mode);
  if (!reachable.ok()) {
    returned.provider_error = reachable.status();
    return returned;
  }
  const Provider& provider = *reachable;
  const std::string iss = query.Get("iss");
  if (iss.empty() ? provider.authorization_response_iss
                  : !provider.issuer.empty() && iss != provider.issuer) {
    return Burn(flow, "iss");
  }

  const std::string error = query.Get("error");
  if (error == "access_denied") {
    AuditEvent event = EventFor(interaction, audit_kind::kConsentDenied);
    event.outcome = "denied";
    event.reason = "PROVIDER_DENIED";
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    RETURN_IF_ERROR(interactions_.Settle(interaction, InteractionState::kDenied,
                                         "PROVIDER_DENIED", std::move(batch)));
    return returned;
  }
  if (!error.empty()) {
    returned.provider_error = ProviderError(provider, error);
    return returned;
  }
  const std::string code = query.Get("code");
  if (code.empty()) return Burn(flow, "code");
  const std::string nonce = flow.scopes.Contains("openid")
                                ? keys_.Derive("nonce", query.Get("state"))
                                : "";
  absl::Status redeemed =
      Redeem(directory, provider, flow, nonce, Secret::Copy(code));
  if (absl::StartsWith(ReasonOf(redeemed), "PROVIDER_")) {
    returned.provider_error = std::move(redeemed);
    return returned;
  }
  RETURN_IF_ERROR(redeemed);
  return returned;
}

// The checks that come before anything is known about the browser, and the one
// winner among those who return with the same state.
absl::StatusOr<OAuthFlow> ConsentFlow::TakeFlow(const CallbackQuery& query) {
  if (query.malformed) return errors::ConnectRefused("query");
  absl::StatusOr<OAuthFlow> flow =
      store_.GetFlow(keys_.Lookup("state", query.Get("state")));
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return errors::ConnectRefused("state");
  }
  RETURN_IF_ERROR(flow.status());
  if (clock_.Now() >= flow->expire_time) {
    return errors::ConnectRefused("expired");
  }
  if (flow->state != FlowState::kRedirected) {
    return errors::ConnectRefused("replayed");
  }
  flow->state = FlowState::kReturned;
  WriteBatch batch;
  batch.Update(*flow);
  absl::Status status = store_.Commit(std::move(batch));
  if (HasReason(status, "VERSION_CONFLICT")) {
    return errors::ConnectRefused("replayed");
  }
  RETURN_IF_ERROR(status);
  return flow;
}

absl::Status ConsentFlow::Burn(const OAuthFlow& flow, absl::string_view check) {
  absl::StatusOr<Interaction> interaction =
      store_.GetInteraction(flow.tenant, flow.interaction);
  if (HasReason(interaction.status(), "NOT_FOUND")) {
    return errors::ConnectRefused(check);
  }
  RETURN_IF_ERROR(interaction.status());
  const bool other_person = check == "user";
  AuditEvent event =
      EventFor(*interaction, other_person ? audit_kind::kConnectUserMismatch
                                          : audit_kind::kConnectRefused);
  event.actor = "browser";
  event.outcome = "denied";
  event.reason = other_person ? "FAILED_USER_MISMATCH" : "CONNECT_REFUSED";
  event.detail = std::string(check);
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status status;
  if (interaction->state == InteractionState::kPending) {
    std::string reason = event.reason;
    status = interactions_.Settle(*std::move(interaction),
                                  InteractionState::kRefused, std::move(reason),
                                  std::move(batch));
  } else {
    status = store_.Commit(std::move(batch));
  }
  if (!status.ok() && !HasReason(status, "VERSION_CONFLICT")) return status;
  return errors::ConnectRefused(check);
}

absl::Status ConsentFlow::Redeem(const Directory& directory,
                                 const Provider& provider,
                                 const OAuthFlow& flow,
                                 const std::string& nonce, const Secret& code) {
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(flow.tenant, ""));
  ASSIGN_OR_RETURN(
      Secret verifier,
      sealer.Open(flow.sealed_verifier,
                  FlowVerifierBinding(keys_.deployment_id(), flow)));
  const absl::Time received = clock_.Now();
  absl::StatusOr<TokenResponse> response = providers_.oauth().ExchangeCode(
      provider, code, verifier,
      absl::StrCat(directory.public_url,
                   CallbackPath(flow.tenant, flow.provider)));
  if (HasReason(response.status(), "GRANT_GONE")) return Burn(flow, "code");
  RETURN_IF_ERROR(response.status());
  absl::StatusOr<Account> account =
      LearnAccount(directory, provider, nonce, *response);
  if (HasReason(account.status(), "CONNECT_REFUSED")) {
    return Burn(flow, MetadataOf(account.status(), "check"));
  }
  RETURN_IF_ERROR(account.status());

  const ScopeSet granted =
      response->GrantedScopes(provider, flow.scopes)
          .Union(provider.scope_not_echoed.Intersection(flow.scopes));
  ConnectionId id;
  for (int i = 0; i < kTries; ++i) {
    ASSIGN_OR_RETURN(Interaction interaction,
                     store_.GetInteraction(flow.tenant, flow.interaction));
    if (interaction.state != InteractionState::kPending) {
      return Burn(flow, "settled");
    }
    absl::StatusOr<Connection> connection =
        ConnectionFor(interaction, *account);
    if (HasReason(connection.status(), "CONNECT_REFUSED")) {
      return Burn(flow, MetadataOf(connection.status(), "check"));
    }
    RETURN_IF_ERROR(connection.status());
    absl::Status status =
        Connect(provider, flow, std::move(interaction), *std::move(connection),
                *response, *account, granted, id);
    if (HasReason(status, "VERSION_CONFLICT") ||
        HasReason(status, "ALREADY_EXISTS")) {
      continue;
    }
    RETURN_IF_ERROR(status);
    break;
  }
  if (id.empty()) return errors::VersionConflict("connection");

  // The token that came with the code serves the first request.
  cache_.Invalidate(id);
  Validity validity = cache_.ValidityOf(id);
  absl::StatusOr<Refresher::Fetched> first =
      Refresher::ToAccessToken(directory, provider, *std::move(response),
                               flow.scopes, granted, received);
  if (first.ok()) {
    TokenKey key{flow.tenant, id, first->token->scopes, ""};
    cache_.Put(key, first->token, validity, clock_.Now());
  }
  return absl::OkStatus();
}

// Whose account it is. The id_token says it where its issuer can be verified;
// else the provider is asked. That it does not say is no reason to lose a
// grant: then the account has no id, and is never taken for another one.
absl::StatusOr<Account> ConsentFlow::LearnAccount(
    const Directory& directory, const Provider& provider,
    const std::string& nonce, const TokenResponse& response) {
  Account account;
  if (provider.discovery && !response.id_token.empty()) {
    ASSIGN_OR_RETURN(JwtClaims claims,
                     providers_.VerifyIdToken(provider, response.id_token,
                                              nonce, directory.dev_mode));
    account = {claims.subject, claims.email};
    if (!account.label.empty()) return account;
  }
  absl::StatusOr<Account> asked =
      providers_.oauth().FetchAccount(provider, response.access_token);
  // A userinfo answer about somebody else than the id_token is not believed.
  if (asked.ok() && (account.id.empty() || asked->id == account.id)) {
    return asked;
  }
  if (!asked.ok()) {
    Log(LogLevel::kWarning, "connect.account_unknown",
        "the provider did not say whose account was connected",
        {{LogKey::kProvider, provider.id.value},
         {LogKey::kReason, ReasonOf(asked.status())}});
  }
  account.label = account.id;
  return account;
}

// The connection that this round trip makes or renews, as it is now.
// CONNECT_REFUSED "account_mismatch" when a person who reconnects signed in
// with another account: what was connected is never overwritten by that.
absl::StatusOr<Connection> ConsentFlow::ConnectionFor(
    const Interaction& interaction, const Account& account) {
  if (!interaction.connection.empty()) {
    ASSIGN_OR_RETURN(
        Connection named,
        store_.GetConnection(interaction.tenant, interaction.connection));
    if (named.state == ConnectionState::kRevoked) {
      return errors::ConnectRefused("revoked");
    }
    if (!named.account_id.empty() && named.account_id != account.id) {
      return errors::ConnectRefused("account_mismatch");
    }
    return named;
  }
  if (!account.id.empty()) {
    ConnectionFilter filter;
    filter.tenant = interaction.tenant;
    filter.user = interaction.user;
    filter.provider = interaction.provider;
    ASSIGN_OR_RETURN(
        std::vector<Connection> connections,
        store_.ListConnections(filter, ConnectionId(), kMaxAccounts));
    for (Connection& connection : connections) {
      if (connection.state != ConnectionState::kRevoked &&
          connection.account_id == account.id) {
        return std::move(connection);
      }
    }
  }
  Connection fresh;
  fresh.tenant = interaction.tenant;
  fresh.id = ConnectionId(NewUlid(clock_.Now()));
  fresh.user = interaction.user;
  fresh.provider = interaction.provider;
  return fresh;
}

// The one commit: the connection with its sealed token, what the agent may do
// with it, the answer to the question, and the leaves that say so.
absl::Status ConsentFlow::Connect(
    const Provider& provider, const OAuthFlow& flow, Interaction interaction,
    Connection connection, const TokenResponse& response,
    const Account& account, const ScopeSet& granted, ConnectionId& id) {
  const absl::Time now = clock_.Now();
  const bool renewed = connection.generation > 0;
  connection.account_id = account.id;
  connection.account_label =
      (account.label.empty() ? provider.display_name : account.label)
          .substr(0, kMaxLabel);
  connection.state = ConnectionState::kActive;
  connection.state_reason.clear();
  connection.granted_scopes = granted;
  // A refresh under way with the old token must not write its result.
  connection.lease_owner.clear();
  connection.lease_epoch += 1;
  connection.lease_until = absl::InfinitePast();
  // Some providers give no second refresh token: then the first still holds.
  if (!response.refresh_token.empty() || !renewed) connection.generation += 1;
  if (!response.refresh_token.empty()) {
    ASSIGN_OR_RETURN(Sealer sealer,
                     keys_.SealerFor(connection.tenant, connection.user.value));
    ASSIGN_OR_RETURN(
        connection.sealed_refresh_token,
        sealer.Seal(response.refresh_token,
                    RefreshTokenBinding(keys_.deployment_id(), connection)));
  }
  if (!renewed) connection.create_time = now;
  // What ended by the person's choice ended for every agent: only the one that
  // is allowed now comes back with it.
  const bool ended = now >= connection.access_end_time;
  if (ended) connection.access_end_time = absl::InfiniteFuture();

  interaction.connection = connection.id;
  const ScopeSet missing = interaction.scopes.Minus(granted);
  interaction.missing_scopes = missing;
  AuditEvent event =
      EventFor(interaction, renewed ? audit_kind::kConnectionRenewed
                                    : audit_kind::kConnectionCreated);
  event.scopes = granted;
  event.detail = absl::StrCat("generation ", connection.generation);
  if (!missing.empty()) event.reason = "SCOPES_NOT_GRANTED";
  WriteBatch batch;
  if (renewed) {
    batch.Update(connection);
  } else {
    batch.Insert(connection);
  }
  const ScopeSet scopes = interaction.scopes.Intersection(granted);
  if (ended) {
    batch.Remove(WriteBatch::RemoveGrants{connection.tenant, connection.id});
    batch.Insert(
        NewGrant(connection, interaction, scopes, now, flow.access_end_time));
  } else {
    RETURN_IF_ERROR(
        PutGrant(connection, interaction, scopes, flow.access_end_time, batch));
  }
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(interactions_.Settle(
      std::move(interaction),
      missing.empty() ? InteractionState::kCompleted
                      : InteractionState::kDenied,
      missing.empty() ? "" : "SCOPES_NOT_GRANTED", std::move(batch)));
  id = connection.id;
  return absl::OkStatus();
}

absl::Status ConsentFlow::PutGrant(const Connection& connection,
                                   const Interaction& interaction,
                                   const ScopeSet& scopes, absl::Time end_time,
                                   WriteBatch& batch) {
  absl::StatusOr<AgentGrant> grant =
      store_.GetAgentGrant(connection.tenant, connection.id, interaction.agent);
  if (grant.ok()) {
    // What ended is not revived by a question about something else.
    grant->scopes = clock_.Now() < grant->end_time
                        ? grant->scopes.Union(scopes).Intersection(
                              connection.granted_scopes)
                        : scopes;
    grant->end_time = end_time;
    batch.Update(*std::move(grant));
    return absl::OkStatus();
  }
  if (!HasReason(grant.status(), "NOT_FOUND")) return grant.status();
  batch.Insert(
      NewGrant(connection, interaction, scopes, clock_.Now(), end_time));
  return absl::OkStatus();
}

absl::StatusOr<ConsentFlow::Outcome> ConsentFlow::GetOutcome(
    const InteractionId& id, const WebSession& session) {
  absl::StatusOr<Interaction> interaction =
      store_.GetInteraction(session.tenant, id);
  if (HasReason(interaction.status(), "NOT_FOUND") ||
      (interaction.ok() && interaction->user != session.user)) {
    return errors::ResourceDenied(absl::StrCat("interactions/", id.value));
  }
  RETURN_IF_ERROR(interaction.status());
  Outcome outcome;
  outcome.interaction = *std::move(interaction);
  outcome.interaction.state = StateAt(outcome.interaction, clock_.Now());
  if (outcome.interaction.connection.empty()) return outcome;
  absl::StatusOr<Connection> connection =
      store_.GetConnection(session.tenant, outcome.interaction.connection);
  if (connection.ok()) outcome.connection = *std::move(connection);
  absl::StatusOr<AgentGrant> grant =
      store_.GetAgentGrant(session.tenant, outcome.interaction.connection,
                           outcome.interaction.agent);
  if (grant.ok()) outcome.grant = *std::move(grant);
  return outcome;
}

}  // namespace tokenvault
