#include "vault/connector.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/limits.h"
#include "vault/provider_call.h"
#include "vault/refresher.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxLabel = 256;

ScopeSet AllowedScopes(const Interaction& interaction,
                       const ConsentChoice& choice) {
  return interaction.scopes.Union(choice.optional_scopes);
}

AgentGrant NewGrant(const Connection& connection,
                    const Interaction& interaction, absl::Time now,
                    const ConsentChoice& choice) {
  AgentGrant grant;
  grant.tenant = connection.tenant;
  grant.connection = connection.id;
  grant.agent = interaction.agent;
  grant.scopes = AllowedScopes(interaction, choice)
                     .Intersection(connection.granted_scopes);
  grant.create_time = now;
  grant.end_time = choice.end_time;
  grant.task_id = choice.task_id;
  return grant;
}

}  // namespace

ConsentChoice ChoiceOf(const OAuthFlow& flow) {
  return {flow.access_end_time, flow.optional_scopes, flow.task_id};
}

struct Connector::Redeemed {
  TokenResponse response;
  Account account;
  ScopeSet granted;
};

struct Connector::Target {
  Connection connection;
  bool other_account = false;

  bool exists() const { return connection.generation > 0; }
};

Connector::Connector(const Clock& clock, Store& store, KeyKeeper& keys,
                     ProviderAccess& providers, Interactions& interactions,
                     TokenCache& cache)
    : clock_(clock),
      store_(store),
      keys_(keys),
      providers_(providers),
      interactions_(interactions),
      cache_(cache),
      strays_(clock, store, providers) {}

absl::StatusOr<Connector::Connected> Connector::Redeem(
    const Directory& directory, const Provider& provider, const OAuthFlow& flow,
    const ReturnedCode& returned) {
  const absl::Time received = clock_.Now();
  TokenCall call;
  call.now = received;
  call.redirect_uri = CallbackUrl(directory, flow.tenant, flow.provider);
  call.hints = returned.hints;
  FaultPoint("connect.before_exchange");
  absl::StatusOr<TokenResponse> response = providers_.oauth().ExchangeCode(
      provider, returned.code, returned.verifier, call.redirect_uri, call);
  FaultPoint("connect.exchanged");
  if (HasReason(response.status(), "GRANT_GONE")) {
    return errors::ConnectRefused("code");
  }
  RETURN_IF_ERROR(response.status());
  Redeemed redeemed;
  redeemed.response = *std::move(response);
  absl::StatusOr<Connected> connected =
      Keep(directory, provider, flow, returned.nonce, redeemed);
  if (!connected.ok()) {
    strays_.End(provider, flow, redeemed.response, redeemed.account.id, call,
                connected.status());
    return connected.status();
  }
  FaultPoint("connect.committed");

  // The token that came with the code serves the first request, but where it
  // can do more than it was asked for until it has been exchanged.
  if (provider.narrowing == Narrowing::kTokenExchange) return connected;
  Validity validity = cache_.ValidityOf(connected->connection);
  absl::StatusOr<Refresher::Fetched> first = Refresher::ToAccessToken(
      directory, provider, std::move(redeemed.response), flow.scopes,
      redeemed.granted, received);
  if (first.ok()) {
    TokenKey key{flow.tenant, connected->connection, first->token->scopes, ""};
    cache_.Put(key, first->token, validity, clock_.Now());
  }
  return connected;
}

// Every check of what came, and the commit.
absl::StatusOr<Connector::Connected> Connector::Keep(const Directory& directory,
                                                     const Provider& provider,
                                                     const OAuthFlow& flow,
                                                     const std::string& nonce,
                                                     Redeemed& redeemed) {
  ASSIGN_OR_RETURN(redeemed.account,
                   LearnAccount(directory, provider, nonce, redeemed.response));
  redeemed.granted =
      redeemed.response.GrantedScopes(provider, flow.scopes)
          .Union(provider.scope_not_echoed.Intersection(flow.scopes));
  FaultPoint("connect.before_commit");
  absl::StatusOr<Connected> connected;
  for (int i = 0; i < kCommitTries; ++i) {
    connected = Connect(provider, flow, redeemed);
    if (!HasReason(connected.status(), "VERSION_CONFLICT") &&
        !HasReason(connected.status(), "ALREADY_EXISTS")) {
      break;
    }
    // The data key may have been replaced since it was sealed.
    auto asked = store_.GetInteraction(flow.tenant, flow.interaction);
    if (asked.ok()) keys_.Forget(asked->tenant, asked->user.value);
  }
  return connected;
}

// Whose account it is. The id_token says it where its issuer can be verified;
// else the provider is asked. That it does not say is no reason to lose a
// grant: then the account has no id, and is never taken for another one.
absl::StatusOr<Account> Connector::LearnAccount(const Directory& directory,
                                                const Provider& provider,
                                                const std::string& nonce,
                                                const TokenResponse& response) {
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

// The connection that a question about a new account makes, or a question about
// a known one renews, as it is now. What was connected is never overwritten
// with another account.
absl::StatusOr<Connector::Target> Connector::FindTarget(
    const Provider& provider, const Interaction& interaction,
    const Redeemed& redeemed) {
  const Account& account = redeemed.account;
  Target target;
  if (!interaction.connection.empty()) {
    ASSIGN_OR_RETURN(
        Connection named,
        store_.GetConnection(interaction.tenant, interaction.connection));
    if (named.state == ConnectionState::kRevoked) {
      return errors::ConnectRefused("revoked");
    }
    if (named.account_id.empty() || named.account_id == account.id) {
      target.connection = std::move(named);
      return target;
    }
    target.other_account = true;
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
          connection.account_id == account.id &&
          // Beside a grant that goes on, not over it.
          (!provider.KeepsGrantsApart() ||
           connection.granted_scopes == redeemed.granted)) {
        target.connection = std::move(connection);
        return target;
      }
    }
  }
  target.connection.tenant = interaction.tenant;
  target.connection.id = ConnectionId(NewUlid(clock_.Now()));
  target.connection.user = interaction.user;
  target.connection.provider = interaction.provider;
  return target;
}

absl::StatusOr<Connector::Connected> Connector::Connect(
    const Provider& provider, const OAuthFlow& flow, const Redeemed& redeemed) {
  ASSIGN_OR_RETURN(Interaction interaction,
                   store_.GetInteraction(flow.tenant, flow.interaction));
  if (interaction.state != InteractionState::kPending) {
    return errors::ConnectRefused("settled");
  }
  ASSIGN_OR_RETURN(Target target, FindTarget(provider, interaction, redeemed));
  const absl::Time now = clock_.Now();
  const bool renewed = target.exists();
  Connection& connection = target.connection;
  connection.account_id = redeemed.account.id;
  connection.account_label =
      (redeemed.account.label.empty() ? provider.display_name
                                      : redeemed.account.label)
          .substr(0, kMaxLabel);
  connection.state = ConnectionState::kActive;
  connection.state_reason.clear();
  connection.granted_scopes = redeemed.granted;
  connection.endpoint_hints = redeemed.response.captured;
  connection.issuer = provider.discovery ? provider.issuer : "";
  // A refresh under way with the old token must not write its result.
  connection.lease_owner.clear();
  connection.lease_epoch += 1;
  connection.lease_until = absl::InfinitePast();
  connection.refresh_phase = RefreshPhase::kNone;
  connection.landing_slot = 0;
  // Some providers give no second refresh token: then the first still holds.
  const Secret& refresh_token = redeemed.response.refresh_token;
  if (!refresh_token.empty() || !renewed) connection.generation += 1;
  if (!refresh_token.empty()) {
    ASSIGN_OR_RETURN(Sealer sealer,
                     keys_.SealerFor(connection.tenant, connection.user.value));
    ASSIGN_OR_RETURN(
        connection.sealed_refresh_token,
        sealer.Seal(refresh_token,
                    RefreshTokenBinding(keys_.deployment_id(), connection)));
  }
  if (!renewed) {
    connection.create_time = now;
    connection.first_agent = interaction.agent;
  }
  // What ended by the person's choice ended for every agent: only the one that
  // is allowed now comes back with it.
  const bool ended = now >= connection.access_end_time;
  if (ended) connection.access_end_time = absl::InfiniteFuture();

  WriteBatch batch;
  if (renewed) {
    batch.Update(connection);
  } else {
    batch.Insert(connection);
  }
  if (ended) {
    batch.Remove(WriteBatch::RemoveGrants{connection.tenant, connection.id});
  }
  AuditEvent event =
      InteractionEvent(interaction, renewed ? audit_kind::kConnectionRenewed
                                            : audit_kind::kConnectionCreated);
  event.connection = connection.id;
  event.scopes = redeemed.granted;
  event.detail = absl::StrCat("generation ", connection.generation);
  if (!refresh_token.empty()) {
    event.commitment = LoggedCommitment(connection.sealed_refresh_token);
  }
  if (!interaction.scopes.IsSubsetOf(redeemed.granted)) {
    event.reason = "SCOPES_NOT_GRANTED";
  }
  if (target.other_account) event.reason = "OTHER_ACCOUNT";
  batch.Append(MakeAuditEntry(event, now));

  const Connected connected{connection.id, target.other_account};
  if (target.other_account) {
    OAuthFlow waiting = flow;
    waiting.other_account = connection.id;
    batch.Update(std::move(waiting));
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
    cache_.Invalidate(connection.id);
    return connected;
  }
  if (ended) {
    batch.Insert(NewGrant(connection, interaction, now, ChoiceOf(flow)));
    RETURN_IF_ERROR(
        Settle(std::move(interaction), connection, std::move(batch)));
  } else {
    RETURN_IF_ERROR(LetIn(std::move(interaction), connection, ChoiceOf(flow),
                          std::move(batch)));
  }
  return connected;
}

absl::Status Connector::LetIn(Interaction interaction,
                              const Connection& connection,
                              const ConsentChoice& choice, WriteBatch batch) {
  RETURN_IF_ERROR(PutGrant(connection, interaction, choice, batch));
  return Settle(std::move(interaction), connection, std::move(batch));
}

absl::Status Connector::PutGrant(const Connection& connection,
                                 const Interaction& interaction,
                                 const ConsentChoice& choice,
                                 WriteBatch& batch) {
  const absl::Time now = clock_.Now();
  absl::StatusOr<AgentGrant> grant =
      store_.GetAgentGrant(connection.tenant, connection.id, interaction.agent);
  if (HasReason(grant.status(), "NOT_FOUND")) {
    batch.Insert(NewGrant(connection, interaction, now, choice));
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(grant.status());
  const bool lasts = now < grant->end_time;
  // The page does not offer this: it was given while the person was away.
  if (lasts && grant->task_id.empty() && !choice.task_id.empty()) {
    return absl::OkStatus();
  }
  // What ended, or was for something else, is not revived by this question.
  const ScopeSet held =
      lasts && grant->task_id == choice.task_id ? grant->scopes : ScopeSet();
  grant->scopes = held.Union(AllowedScopes(interaction, choice))
                      .Intersection(connection.granted_scopes);
  grant->end_time = choice.end_time;
  grant->task_id = choice.task_id;
  batch.Update(*std::move(grant));
  return absl::OkStatus();
}

absl::Status Connector::Settle(Interaction interaction,
                               const Connection& connection, WriteBatch batch) {
  interaction.connection = connection.id;
  interaction.missing_scopes =
      interaction.scopes.Minus(connection.granted_scopes);
  const bool enough = interaction.missing_scopes.empty();
  RETURN_IF_ERROR(interactions_.Settle(
      std::move(interaction),
      enough ? InteractionState::kCompleted : InteractionState::kDenied,
      enough ? "" : "SCOPES_NOT_GRANTED", std::move(batch)));
  cache_.Invalidate(connection.id);
  return absl::OkStatus();
}

}  // namespace tokenvault
