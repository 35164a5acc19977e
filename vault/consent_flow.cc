#include "vault/consent_flow.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/provider_call.h"

namespace tokenvault {

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
  return SettleDenied(interaction, "ACCESS_DENIED");
}

absl::Status ConsentFlow::SettleDenied(const Interaction& interaction,
                                       const std::string& reason) {
  AuditEvent event = InteractionEvent(interaction, audit_kind::kConsentDenied);
  event.outcome = "denied";
  event.reason = reason;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  return interactions_.Settle(interaction, InteractionState::kDenied, reason,
                              std::move(batch));
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

absl::StatusOr<ConsentFlow::OtherAccount> ConsentFlow::GetOtherAccount(
    const std::string& trip_id, const WebSession& session) {
  std::optional<std::string> state_hash = HexDecode(trip_id);
  absl::StatusOr<OAuthFlow> flow = errors::NotFound("flow");
  if (state_hash.has_value()) flow = store_.GetFlow(*state_hash);
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return burner_.Note(session.tenant, ActorOf(session.user), "state");
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
