#include "vault/consent_flow.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "oauth/callback_capture.h"
#include "oauth/pkce.h"
#include "vault/audit_events.h"
#include "vault/provider_call.h"

namespace tokenvault {
namespace {

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

// Whose callback it is by its address; nobody's when there is no such one.
TenantId TenantOf(const Directory& directory, const std::string& context) {
  const TenantId tenant(context.substr(0, context.find('.')));
  return directory.FindTenant(tenant) == nullptr ? TenantId() : tenant;
}

// Why this is not the browser of the person who was asked; "" when it is. Where
// an application says who people are, the cookie of the trip has said all that
// can be known here.
absl::string_view FailedPersonCheck(const OAuthFlow& flow,
                                    const Interaction& interaction,
                                    const std::optional<WebSession>& session) {
  if (!interaction.confirmer.empty()) return "";
  if (!session.has_value() || session->id_hash != flow.session_hash) {
    return "session";
  }
  return session->tenant == interaction.tenant &&
                 session->user == interaction.user
             ? ""
             : "user";
}

std::string ActorOf(const WebSession& session) {
  return absl::StrCat("users/", session.user.value);
}

}  // namespace

ConsentFlow::ConsentFlow(const Clock& clock, Store& store, KeyKeeper& keys,
                         ProviderAccess& providers, Interactions& interactions,
                         TokenCache& cache, const Stops& stops)
    : clock_(clock),
      store_(store),
      keys_(keys),
      providers_(providers),
      interactions_(interactions),
      cache_(cache),
      stops_(stops),
      burner_(clock, store, interactions),
      flows_(clock, store, keys),
      held_(clock, store, keys),
      connector_(clock, store, keys, providers, interactions, cache) {}

absl::StatusOr<Interaction> ConsentFlow::Look(const std::string& link_id) {
  ASSIGN_OR_RETURN(Interaction interaction, interactions_.FindByLink(link_id));
  // An approval is no consent: a yes to it lets nobody in.
  if (interaction.kind == InteractionKind::kApproval) {
    return errors::NotFound("question");
  }
  RETURN_IF_ERROR(CheckOpen(interaction, clock_.Now()));
  return interaction;
}

absl::Status ConsentFlow::CheckStops(const Interaction& interaction) const {
  return stops_.Check({interaction.tenant, interaction.agent, interaction.user,
                       interaction.connection, interaction.provider});
}

absl::Status ConsentFlow::Admit(const Interaction& interaction,
                                const WebSession& session) {
  const bool is_theirs = interaction.confirmer.empty()
                             ? session.user == interaction.user
                             : session.id_hash == interaction.browser_hash;
  if (session.tenant == interaction.tenant && is_theirs) {
    return absl::OkStatus();
  }
  return burner_.BurnFor(interaction, session);
}

absl::Status ConsentFlow::Deny(const Interaction& interaction,
                               const WebSession& session) {
  RETURN_IF_ERROR(Admit(interaction, session));
  AuditEvent event = InteractionEvent(interaction, audit_kind::kConsentDenied);
  event.outcome = "denied";
  event.reason = "ACCESS_DENIED";
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  return interactions_.Settle(interaction, InteractionState::kDenied,
                              "ACCESS_DENIED", std::move(batch));
}

absl::StatusOr<ConsentFlow::Allowed> ConsentFlow::Allow(
    const Directory& directory, const Interaction& interaction,
    const WebSession& session, ConsentChoice choice) {
  RETURN_IF_ERROR(Admit(interaction, session));
  RETURN_IF_ERROR(CheckStops(interaction));
  const absl::Time now = clock_.Now();
  choice.optional_scopes =
      choice.optional_scopes.Intersection(interaction.optional_scopes);
  if (choice.task_id != interaction.task_id) choice.task_id.clear();
  if (!choice.task_id.empty()) {
    choice.end_time = std::min(choice.end_time, now + kLongestTask);
  }
  AuditEvent event = InteractionEvent(interaction, audit_kind::kConsentAllowed);
  event.scopes = interaction.scopes.Union(choice.optional_scopes);
  event.purpose = interaction.purpose;

  const Provider* provider = directory.FindProvider(interaction.provider);
  if (provider == nullptr) {
    return errors::ResourceDenied(
        absl::StrCat("providers/", interaction.provider.value));
  }

  // Another agent, or a wider use, of what the account granted already: the
  // provider has nothing to add. (Never with a confirmer: such a question is
  // about no account yet.)
  ScopeSet wanted = interaction.scopes.Union(choice.optional_scopes);
  if (!interaction.connection.empty()) {
    ASSIGN_OR_RETURN(
        Connection connection,
        store_.GetConnection(interaction.tenant, interaction.connection));
    if (connection.state == ConnectionState::kActive &&
        !IsOfAnotherIssuer(connection, *provider) &&
        now < connection.access_end_time &&
        wanted.IsSubsetOf(connection.granted_scopes)) {
      WriteBatch batch;
      batch.Append(MakeAuditEntry(event, now));
      RETURN_IF_ERROR(
          connector_.LetIn(interaction, connection, choice, std::move(batch)));
      return Allowed{};
    }
    // The union: some providers replace a grant instead of widening it.
    wanted = wanted.Union(connection.granted_scopes);
  }

  if (provider->narrowing != Narrowing::kNone) {
    wanted = wanted.Union(provider->account_scopes);
  }

  Allowed allowed;
  allowed.flow_id = NewUlid(now);
  OAuthFlow flow;
  flow.tenant = interaction.tenant;
  flow.kind = FlowKind::kConnect;
  flow.interaction = interaction.id;
  flow.provider = interaction.provider;
  flow.context = CallbackContext(interaction.tenant, interaction.provider);
  if (interaction.confirmer.empty()) flow.session_hash = session.id_hash;
  flow.scopes = wanted;
  flow.access_end_time = choice.end_time;
  flow.optional_scopes = std::move(choice.optional_scopes);
  flow.task_id = std::move(choice.task_id);
  ASSIGN_OR_RETURN(std::string state, keys_.Derive("state", allowed.flow_id));
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, now));
  ASSIGN_OR_RETURN(OAuthFlows::Begun begun,
                   flows_.Begin(std::move(flow), state, batch));
  allowed.trip = std::move(begun.trip);
  return allowed;
}

absl::StatusOr<ConsentFlow::Leaving> ConsentFlow::Destination(
    const Directory& directory, const std::string& flow_id,
    const std::optional<WebSession>& session, const CookieReader& read_cookie) {
  ASSIGN_OR_RETURN(const std::string state, keys_.Derive("state", flow_id));
  ASSIGN_OR_RETURN(const std::string hash, keys_.Lookup("state", state));
  absl::StatusOr<OAuthFlow> flow = store_.GetFlow(hash);
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return session.has_value()
               ? burner_.Note(session->tenant, ActorOf(*session), "state")
               : burner_.Note(TenantId(), QuestionBurner::kBrowser, "state");
  }
  RETURN_IF_ERROR(flow.status());
  if (flow->session_hash.empty()) {
    ASSIGN_OR_RETURN(const bool same_browser,
                     flows_.IsSameBrowser(*flow, read_cookie));
    if (!same_browser) return burner_.Note(*flow, "cookie");
  } else if (!session.has_value()) {
    // Who is not signed in proves nothing, and so takes nothing from a person.
    return burner_.Note(*flow, "session");
  } else if (flow->session_hash != session->id_hash) {
    return burner_.Burn(*flow, "session");
  }
  // They have been there, and went back to this page.
  if (flow->state != FlowState::kRedirected) {
    return burner_.Note(*flow, "replayed");
  }
  if (clock_.Now() >= flow->expire_time) {
    return burner_.Burn(*flow, "expired");
  }
  const Provider* configured = directory.FindProvider(flow->provider);
  if (configured == nullptr) {
    return errors::ResourceDenied(
        absl::StrCat("providers/", flow->provider.value));
  }
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.WithEndpoints(*configured, directory.dev_mode));
  if (provider.discovery && flow->issuer != provider.issuer) {
    flow->issuer = provider.issuer;
    WriteBatch batch;
    batch.Update(*flow);
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  }
  ASSIGN_OR_RETURN(Secret verifier, flows_.OpenVerifier(*flow));
  AuthorizationRequest request;
  request.scopes = flow->scopes;
  request.redirect_uri = CallbackUrl(directory, flow->tenant, flow->provider);
  request.state = state;
  request.code_challenge = PkceChallenge(verifier.Reveal());
  if (flow->scopes.Contains("openid")) {
    ASSIGN_OR_RETURN(request.nonce, keys_.Derive("nonce", state));
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
  ASSIGN_OR_RETURN(const OAuthFlows::Taken taken, flows_.Take(query));
  if (!taken.flow.has_value()) {
    return burner_.Note(TenantOf(directory, context), QuestionBurner::kBrowser,
                        taken.failed);
  }
  const OAuthFlow& flow = *taken.flow;
  ASSIGN_OR_RETURN(const bool same_browser,
                   flows_.IsSameBrowser(flow, read_cookie));
  // Their own browser, which reloads or goes back, takes nothing from a person.
  if (taken.failed == "replayed" && same_browser) {
    return burner_.Note(flow, taken.failed);
  }

  // From here on a failed check burns the question.
  if (!taken.failed.empty()) return burner_.Burn(flow, taken.failed);
  Returned returned;
  returned.interaction = flow.interaction;
  returned.flow_cookie_name = OAuthFlows::CookieName(flow);
  if (flow.kind != FlowKind::kConnect || !same_browser) {
    return burner_.Burn(flow, "cookie");
  }
  ASSIGN_OR_RETURN(Interaction interaction,
                   store_.GetInteraction(flow.tenant, flow.interaction));
  if (auto failed = FailedPersonCheck(flow, interaction, session);
      !failed.empty()) {
    return burner_.Burn(flow, failed);
  }
  if (interaction.state != InteractionState::kPending) {
    return burner_.Burn(flow, "settled");
  }
  const Provider* configured = directory.FindProvider(flow.provider);
  if (context != flow.context || configured == nullptr) {
    return burner_.Burn(flow, "context");
  }
  absl::StatusOr<Provider> reachable =
      providers_.WithEndpoints(*configured, directory.dev_mode);
  if (!reachable.ok()) {
    return NotConnected(interaction, returned, reachable.status());
  }
  const Provider& provider = *reachable;
  // Another server than the one that the browser was sent to gets no code, even
  // where none of them says who it is.
  if (!IsIssuedBy(provider, query) ||
      (provider.discovery && flow.issuer != provider.issuer)) {
    return burner_.Burn(flow, "iss");
  }

  if (!interaction.confirmer.empty()) {
    returned.return_uri = interaction.return_uri;
  }
  const std::string error = query.Get("error");
  if (error == "access_denied") {
    AuditEvent event =
        InteractionEvent(interaction, audit_kind::kConsentDenied);
    event.outcome = "denied";
    event.reason = "PROVIDER_DENIED";
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    RETURN_IF_ERROR(interactions_.Settle(interaction, InteractionState::kDenied,
                                         "PROVIDER_DENIED", std::move(batch)));
    return returned;
  }
  if (!error.empty()) {
    return NotConnected(interaction, returned, ProviderError(provider, error));
  }
  const std::string code = query.Get("code");
  if (code.empty()) return burner_.Burn(flow, "code");
  // An unused code ends by itself; a used one would be a grant at the provider.
  if (absl::Status stopped = CheckStops(interaction); !stopped.ok()) {
    return NotConnected(interaction, returned, std::move(stopped));
  }
  ReturnedCode came;
  came.code = Secret::Copy(code);
  if (flow.scopes.Contains("openid")) {
    ASSIGN_OR_RETURN(came.nonce, keys_.Derive("nonce", query.Get("state")));
  }
  absl::StatusOr<std::map<std::string, std::string>> captured =
      CaptureCallback(provider, query.parameters);
  if (!captured.ok()) {
    return burner_.Burn(flow, MetadataOf(captured.status(), "check"));
  }
  came.hints = *std::move(captured);
  ASSIGN_OR_RETURN(came.verifier, flows_.OpenVerifier(flow));
  if (!interaction.confirmer.empty()) {
    ASSIGN_OR_RETURN(returned.connect_code, held_.Hold(flow, came));
    return returned;
  }
  absl::StatusOr<Connector::Connected> connected =
      Redeem(directory, provider, interaction, flow, came);
  if (absl::StartsWith(ReasonOf(connected.status()), "PROVIDER_")) {
    returned.not_connected = connected.status();
    return returned;
  }
  RETURN_IF_ERROR(connected.status());
  if (connected->other_account) returned.trip_id = HexEncode(flow.state_hash);
  return returned;
}

// After the last check of the way there and back. What fails is written down:
// PROVIDER_* leaves the question open, CONNECT_REFUSED has burnt it.
absl::StatusOr<Connector::Connected> ConsentFlow::Redeem(
    const Directory& directory, const Provider& provider,
    const Interaction& interaction, const OAuthFlow& flow,
    const ReturnedCode& came) {
  absl::StatusOr<Connector::Connected> connected =
      connector_.Redeem(directory, provider, flow, came);
  if (absl::StartsWith(ReasonOf(connected.status()), "PROVIDER_")) {
    RETURN_IF_ERROR(NoteFailure(interaction, connected.status()));
  } else if (HasReason(connected.status(), "CONNECT_REFUSED")) {
    return burner_.Burn(flow, MetadataOf(connected.status(), "check"));
  }
  return connected;
}

// The question stays open: the person may try again. Written down before they
// are told.
absl::StatusOr<ConsentFlow::Returned> ConsentFlow::NotConnected(
    const Interaction& interaction, Returned returned, absl::Status why) {
  RETURN_IF_ERROR(NoteFailure(interaction, why));
  returned.not_connected = std::move(why);
  return returned;
}

absl::Status ConsentFlow::NoteFailure(const Interaction& interaction,
                                      const absl::Status& why) {
  AuditEvent event = InteractionEvent(interaction, audit_kind::kConnectFailed);
  event.outcome = "error";
  event.reason = ReasonOf(why);
  event.detail = MetadataOf(why, "problem");
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  return written.ok() ? written : NotAudited(written);
}

absl::StatusOr<ConsentFlow::OtherAccount> ConsentFlow::GetOtherAccount(
    const std::string& trip_id, const WebSession& session) {
  std::optional<std::string> state_hash = HexDecode(trip_id);
  absl::StatusOr<OAuthFlow> flow = errors::NotFound("flow");
  if (state_hash.has_value()) flow = store_.GetFlow(*state_hash);
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return burner_.Note(session.tenant, ActorOf(session), "state");
  }
  RETURN_IF_ERROR(flow.status());
  if (flow->session_hash != session.id_hash || flow->other_account.empty()) {
    return burner_.Note(*flow, "session");
  }
  OtherAccount found;
  ASSIGN_OR_RETURN(found.interaction,
                   store_.GetInteraction(flow->tenant, flow->interaction));
  RETURN_IF_ERROR(Admit(found.interaction, session));
  RETURN_IF_ERROR(CheckOpen(found.interaction, clock_.Now()));
  ASSIGN_OR_RETURN(
      found.asked,
      store_.GetConnection(flow->tenant, found.interaction.connection));
  ASSIGN_OR_RETURN(found.other,
                   store_.GetConnection(flow->tenant, flow->other_account));
  if (found.other.state != ConnectionState::kActive) {
    return burner_.Note(*flow, "revoked");
  }
  found.is_new = found.other.create_time >= flow->create_time;
  found.choice = ChoiceOf(*flow);
  return found;
}

absl::Status ConsentFlow::UseOtherAccount(const std::string& trip_id,
                                          const WebSession& session) {
  ASSIGN_OR_RETURN(OtherAccount found, GetOtherAccount(trip_id, session));
  RETURN_IF_ERROR(CheckStops(found.interaction));
  const absl::Time now = clock_.Now();
  WriteBatch batch;
  absl::StatusOr<AgentGrant> before = store_.GetAgentGrant(
      found.interaction.tenant, found.asked.id, found.interaction.agent);
  if (before.ok()) {
    before->end_time = std::min(before->end_time, now);
    batch.Update(*std::move(before));
  } else if (!HasReason(before.status(), "NOT_FOUND")) {
    return before.status();
  }
  AuditEvent event =
      InteractionEvent(found.interaction, audit_kind::kConnectionReplaced);
  event.detail = absl::StrCat("by connections/", found.other.id.value);
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(connector_.LetIn(std::move(found.interaction), found.other,
                                   found.choice, std::move(batch)));
  cache_.Invalidate(found.asked.id);
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
