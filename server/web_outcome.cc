#include "server/web_outcome.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/page_disconnect.h"
#include "server/page_outcome.h"
#include "server/web_disconnect.h"
#include "server/web_session.h"
#include "server/web_views.h"

namespace tokenvault {

WebResponse ShowOutcome(const WebVisit& visit,
                        const std::string& interaction_id) {
  if (!visit.session.has_value()) return SeeOther(kConnectionsPath);
  absl::StatusOr<ConsentFlow::Outcome> outcome = visit.parts.consent.GetOutcome(
      InteractionId(interaction_id), *visit.session);
  if (!outcome.ok()) return visit.ErrorPage(outcome.status(), "");
  const Interaction& interaction = outcome->interaction;
  const Directory& directory = *visit.directory;
  const Provider* provider = directory.FindProvider(interaction.provider);
  const AgentView agent =
      ViewAgent(visit.messages, directory, interaction.agent);
  const std::string provider_name =
      ViewProvider(directory, interaction.provider);
  const ReturnView back = ViewReturn(interaction, agent.name);
  const std::string& path = visit.request.path;
  const PageForm form = visit.Form(path);

  if (interaction.state == InteractionState::kPending) {
    return SeeOther(visit.LinkTo(interaction.id));
  }
  if (outcome->connection.has_value() &&
      outcome->connection->state == ConnectionState::kRevoked) {
    RemovedPage page;
    page.frame = visit.Frame();
    page.agent = agent.name;
    page.removed = ViewRemoved(directory, *outcome->connection, "");
    page.copies = CopiesOf(visit, *outcome->connection);
    page.back = back;
    page.connections_link = kConnectionsPath;
    return Page(200, RenderRemoved(page));
  }
  if (interaction.denial_reason == "PROVIDER_DENIED") {
    return Page(200, RenderDeniedAtProvider(
                         {visit.Frame(), agent.name, provider_name, back}));
  }
  if (interaction.denial_reason == "SCOPES_NOT_GRANTED" &&
      visit.request.query != "kept") {
    LessGrantedPage page;
    page.frame = visit.Frame();
    page.form = form;
    page.agent = agent.name;
    page.provider = provider_name;
    if (outcome->connection.has_value()) {
      page.account = outcome->connection->account_label;
    }
    page.granted =
        ViewScopes(visit.messages, provider,
                   interaction.scopes.Minus(interaction.missing_scopes));
    page.missing =
        ViewScopes(visit.messages, provider, interaction.missing_scopes);
    return Page(200, RenderLessGranted(page));
  }
  if (interaction.denial_reason == "ACCESS_DENIED") {
    return Page(200, RenderDeniedByYou(
                         {visit.Frame(), agent.name, provider_name, back}));
  }
  if (!outcome->grant.has_value() || !outcome->connection.has_value()) {
    return visit.EndPage(interaction);
  }
  DonePage page;
  page.frame = visit.Frame();
  page.agent = agent;
  if (const Tenant* tenant = directory.FindTenant(interaction.tenant)) {
    page.tenant = tenant->name;
  }
  page.provider = provider_name;
  page.account = outcome->connection->account_label;
  page.scopes = ViewScopes(visit.messages, provider, outcome->grant->scopes);
  page.ends = outcome->grant->end_time;
  page.task = outcome->grant->task_id;
  page.undo = form;
  page.back = back;
  page.connections_link = kConnectionsPath;
  page.connections_name = visit.ConnectionsName();
  return Page(200, RenderDone(page));
}

WebResponse ChangeOutcome(const WebVisit& visit,
                          const std::string& interaction_id) {
  const std::string& path = visit.request.path;
  if (!visit.session.has_value()) return SeeOther(kConnectionsPath);
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(path);
  if (!form.ok()) return visit.ErrorPage(form.status(), path);
  absl::StatusOr<ConsentFlow::Outcome> outcome = visit.parts.consent.GetOutcome(
      InteractionId(interaction_id), *visit.session);
  if (!outcome.ok()) return visit.ErrorPage(outcome.status(), "");
  const Interaction& interaction = outcome->interaction;
  const std::string& decision = (*form)[kFieldDecision];
  if (decision == kDecisionKeep) return SeeOther(absl::StrCat(path, "?kept"));
  if (decision == kDecisionAgain) {
    Question question;
    question.kind = InteractionKind::kStepUp;
    question.tenant = interaction.tenant;
    question.agent = interaction.agent;
    question.user = interaction.user;
    question.provider = interaction.provider;
    question.connection = interaction.connection;
    question.scopes = interaction.scopes;
    question.missing_scopes = interaction.missing_scopes;
    question.purpose = interaction.purpose;
    question.return_uri = interaction.return_uri;
    question.optional_scopes = interaction.optional_scopes;
    question.task_id = interaction.task_id;
    absl::StatusOr<AskedQuestion> asked = visit.parts.interactions.Ask(
        question, visit.directory->public_url, visit.parts.clock.Now());
    if (!asked.ok()) return visit.ErrorPage(asked.status(), path);
    return SeeOther(visit.LinkTo(asked->interaction.id));
  }
  if (decision != kDecisionUndo || !outcome->connection.has_value()) {
    return visit.ErrorPage(errors::FieldInvalid("decision", "unknown"), path);
  }
  absl::StatusOr<ConnectionAdmin::Revoked> revoked =
      visit.parts.connections.Revoke(*visit.directory, interaction.tenant,
                                     interaction.user, outcome->connection->id,
                                     /*etag=*/"", visit.Actor(),
                                     /*request_id=*/"");
  if (!revoked.ok()) return visit.ErrorPage(revoked.status(), path);
  return SeeOther(path);
}

WebResponse AskWhichAccount(const WebVisit& visit, const std::string& trip_id) {
  if (!visit.session.has_value()) return SeeOther(kConnectionsPath);
  absl::StatusOr<ConsentFlow::OtherAccount> found =
      visit.parts.consent.GetOtherAccount(trip_id, *visit.session);
  if (!found.ok()) return visit.ErrorPage(found.status(), kConnectionsPath);
  const Interaction& interaction = found->interaction;
  WrongAccountPage page;
  page.frame = visit.Frame();
  page.form = visit.Form(visit.request.path);
  page.agent =
      ViewAgent(visit.messages, *visit.directory, interaction.agent).name;
  page.provider = ViewProvider(*visit.directory, interaction.provider);
  page.account = found->asked.account_label;
  page.new_account = found->other.account_label;
  page.is_new = found->is_new;
  return Page(200, RenderWrongAccount(page));
}

WebResponse ChooseAccount(const WebVisit& visit, const std::string& trip_id) {
  const std::string& path = visit.request.path;
  if (!visit.session.has_value()) return SeeOther(kConnectionsPath);
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(path);
  if (!form.ok()) return visit.ErrorPage(form.status(), path);
  absl::StatusOr<ConsentFlow::OtherAccount> found =
      visit.parts.consent.GetOtherAccount(trip_id, *visit.session);
  if (!found.ok()) return visit.ErrorPage(found.status(), kConnectionsPath);
  const InteractionId& interaction = found->interaction.id;
  const std::string& decision = (*form)[kFieldDecision];
  if (decision == kDecisionReplace) {
    absl::Status used =
        visit.parts.consent.UseOtherAccount(trip_id, *visit.session);
    if (!used.ok()) return visit.ErrorPage(used, path);
    return SeeOther(absl::StrCat("/done/", interaction.value));
  }
  if (decision != kDecisionKeep) {
    return visit.ErrorPage(errors::FieldInvalid("decision", "unknown"), path);
  }
  // What this trip alone brought, and nobody uses, goes as it came.
  absl::StatusOr<ConnectionView> other = visit.parts.connections.Get(
      found->other.tenant, found->other.user, found->other.id);
  if (!other.ok()) return visit.ErrorPage(other.status(), path);
  if (found->is_new && other->grants.empty()) {
    absl::StatusOr<ConnectionAdmin::Revoked> revoked =
        visit.parts.connections.Revoke(
            *visit.directory, found->other.tenant, found->other.user,
            found->other.id, /*etag=*/"", visit.Actor(), /*request_id=*/"");
    if (!revoked.ok()) return visit.ErrorPage(revoked.status(), path);
  }
  return SeeOther(visit.LinkTo(interaction));
}

}  // namespace tokenvault
