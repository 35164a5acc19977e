#include "server/web_consent.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/page_consent.h"
#include "server/web_approvals.h"
#include "server/web_guard.h"
#include "server/web_guest.h"
#include "server/web_session.h"
#include "server/web_sign_in.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

ConsentKind KindOf(const Interaction& interaction) {
  switch (interaction.kind) {
    case InteractionKind::kConsent:
      return ConsentKind::kConnect;
    case InteractionKind::kReconnect:
      return ConsentKind::kReconnect;
    case InteractionKind::kStepUp:
      return ConsentKind::kStepUp;
    case InteractionKind::kApproval:
      break;
  }
  return ConsentKind::kConnect;
}

std::string DonePath(const InteractionId& question) {
  return absl::StrCat("/done/", question.value);
}

// The optional permissions that were ticked.
ScopeSet TickedIn(const WebForm& form) {
  std::vector<std::string> ticked;
  for (const auto& [name, value] : form) {
    if (absl::StartsWith(name, kFieldOptional)) ticked.push_back(value);
  }
  return ScopeSet(std::move(ticked));
}

// `form` is what was sent, and is not asked for again.
WebResponse ConsentPageFor(const WebVisit& visit,
                           const Interaction& interaction, WebForm form,
                           const std::string& error, bool not_meant = false) {
  const Directory& directory = *visit.directory;
  const Provider* provider = directory.FindProvider(interaction.provider);
  const Tenant* tenant = directory.FindTenant(interaction.tenant);
  const std::string path = visit.LinkTo(interaction.id);
  ConsentPage page;
  page.frame = visit.Frame();
  page.kind = KindOf(interaction);
  page.form = visit.Form(path);
  page.agent = ViewAgent(visit.messages, directory, interaction.agent);
  if (tenant != nullptr) page.tenant = tenant->name;
  page.purpose = interaction.purpose;
  page.asked_at = interaction.create_time;
  page.now = visit.parts.clock.Now();
  page.code = interaction.user_code;
  page.provider = ViewProvider(directory, interaction.provider);
  page.provider_host = ViewProviderHost(provider);
  ScopeSet asked = interaction.scopes;
  ScopeSet already;
  ScopeSet granted;
  page.task = interaction.task_id;
  if (!interaction.connection.empty()) {
    absl::StatusOr<ConnectionView> view = visit.parts.connections.Get(
        interaction.tenant, interaction.user, interaction.connection);
    if (!view.ok()) return visit.ErrorPage(view.status(), "");
    page.account = view->connection.account_label;
    granted = view->connection.granted_scopes;
    for (const AgentGrant& grant : view->grants) {
      if (grant.agent != interaction.agent || page.now >= grant.end_time ||
          page.now >= view->connection.access_end_time) {
        continue;
      }
      // What it has for another task is none of this question's.
      if (!grant.task_id.empty() && grant.task_id != page.task) continue;
      already = grant.scopes;
      page.lasting = !page.task.empty() && grant.task_id.empty();
    }
    const bool widens = !asked.IsSubsetOf(view->connection.granted_scopes);
    page.at_provider =
        widens || view->connection.state != ConnectionState::kActive;
  }
  if (page.kind == ConsentKind::kStepUp) {
    asked = interaction.missing_scopes;
    page.already = ViewScopes(visit.messages, provider, already);
  }
  page.scopes = ViewScopes(visit.messages, provider, asked);
  const ScopeSet offered = interaction.optional_scopes.Minus(already);
  const ScopeSet ticked = TickedIn(form);
  for (const std::string& scope : offered) {
    page.optional.push_back(
        {ViewScope(visit.messages, provider, scope), ticked.Contains(scope)});
  }
  if (!page.task.empty() && !page.lasting) {
    page.lifetimes.insert(page.lifetimes.begin(), Lifetime::kThisTask);
  }
  for (const Lifetime lifetime : page.lifetimes) {
    if (ParseLifetime(form[kFieldLifetime]) == lifetime) {
      page.lifetime = lifetime;
    }
  }
  const ScopeSet could_also = CouldAlso(directory, provider, granted,
                                        interaction.scopes.Union(already));
  page.could_also = ViewSentences(visit.messages, provider, could_also);
  page.cannot = ViewCannot(provider, interaction.scopes.Union(offered),
                           already.Union(could_also));
  if (!interaction.confirmer.empty()) {
    page.confirmer =
        ViewAgent(visit.messages, directory, interaction.confirmer).name;
  }
  page.connections_link = kConnectionsPath;
  page.connections_name = visit.ConnectionsName();
  page.error = error;
  page.not_meant = not_meant;
  return Page(error.empty() ? 200 : 400, RenderConsent(page));
}

}  // namespace

WebResponse ShowQuestion(const WebVisit& visit, const std::string& link_id) {
  if (auto approval = FindApproval(visit, link_id)) {
    return ShowApproval(visit, *approval);
  }
  absl::StatusOr<Interaction> interaction = visit.parts.consent.Look(link_id);
  if (!interaction.ok()) return visit.ErrorPage(interaction.status(), "");
  if (!interaction->confirmer.empty()) {
    return ShowGuestQuestion(visit, *interaction);
  }
  if (!visit.session.has_value()) return AskWhoAnswers(visit, *interaction);
  absl::Status admitted =
      visit.parts.consent.Admit(*interaction, *visit.session);
  if (!admitted.ok()) return visit.ErrorPage(admitted, "");
  return ShowConsent(visit, *interaction);
}

WebResponse ShowConsent(const WebVisit& visit, const Interaction& interaction) {
  return ConsentPageFor(visit, interaction, {}, "");
}

WebResponse AnswerQuestion(const WebVisit& visit, const std::string& link_id) {
  if (auto approval = FindApproval(visit, link_id)) {
    return AnswerApproval(visit, *approval);
  }
  absl::StatusOr<Interaction> interaction = visit.parts.consent.Look(link_id);
  if (!interaction.ok()) return visit.ErrorPage(interaction.status(), "");
  if (!interaction->confirmer.empty()) {
    return AnswerGuestQuestion(visit, *interaction);
  }
  if (!visit.session.has_value()) {
    // Signed out meanwhile: nothing was decided, the link still works.
    return SeeOther(visit.request.path);
  }
  return AnswerConsent(visit, *interaction);
}

WebResponse AnswerConsent(const WebVisit& visit,
                          const Interaction& interaction) {
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(visit.request.path);
  if (!form.ok()) return visit.ErrorPage(form.status(), visit.request.path);
  if ((*form)[kFieldDecision] == kDecisionDeny) {
    absl::Status denied = visit.parts.consent.Deny(interaction, *visit.session);
    if (!denied.ok()) return visit.ErrorPage(denied, "");
    return interaction.confirmer.empty() ? SeeOther(DonePath(interaction.id))
                                         : ShowGuestDenied(visit, interaction);
  }
  std::optional<Lifetime> lifetime = ParseLifetime((*form)[kFieldLifetime]);
  // A task that was never named is no choice of our page.
  if (lifetime == Lifetime::kThisTask && interaction.task_id.empty()) {
    lifetime.reset();
  }
  const bool chosen =
      (*form)[kFieldDecision] == kDecisionAllow && lifetime.has_value();
  const bool meant = IsMeant(*form, interaction.user_code);
  if (!chosen || !meant) {
    absl::Status admitted =
        visit.parts.consent.Admit(interaction, *visit.session);
    if (!admitted.ok()) return visit.ErrorPage(admitted, "");
    return ConsentPageFor(visit, interaction, *std::move(form),
                          chosen ? NotMeantText(visit, interaction.agent)
                                 : visit.messages.Say("consent.choose"),
                          /*not_meant=*/chosen);
  }
  ConsentChoice choice;
  choice.end_time = LifetimeEnd(*lifetime, visit.parts.clock.Now());
  choice.optional_scopes = TickedIn(*form);
  if (*lifetime == Lifetime::kThisTask) choice.task_id = interaction.task_id;
  absl::StatusOr<ConsentFlow::Allowed> allowed = visit.parts.consent.Allow(
      *visit.directory, interaction, *visit.session, std::move(choice));
  if (!allowed.ok()) {
    return visit.ErrorPage(allowed.status(), visit.request.path);
  }
  if (!allowed->trip.has_value()) return SeeOther(DonePath(interaction.id));
  WebResponse response = SeeOther(absl::StrCat("/go/", allowed->flow_id));
  visit.cookies.Set(response, allowed->trip->cookie_name,
                    allowed->trip->cookie_value, allowed->trip->cookie_age);
  return response;
}

WebResponse LeaveForProvider(const WebVisit& visit,
                             const std::string& flow_id) {
  absl::StatusOr<ConsentFlow::Leaving> leaving =
      visit.parts.consent.Destination(*visit.directory, flow_id, visit.session,
                                      visit.Reader());
  if (!leaving.ok()) {
    return visit.ErrorPage(leaving.status(), visit.request.path);
  }
  InterstitialPage page;
  page.frame = visit.Frame();
  page.agent =
      ViewAgent(visit.messages, *visit.directory, leaving->interaction.agent)
          .name;
  page.provider = ViewProvider(*visit.directory, leaving->interaction.provider);
  page.host = HostOf(leaving->url);
  page.link = leaving->url;
  return Page(200, RenderInterstitial(page));
}

WebResponse ReturnFromProvider(const WebVisit& visit,
                               const std::string& context) {
  absl::StatusOr<ConsentFlow::Returned> returned = visit.parts.consent.Return(
      *visit.directory, context, visit.Query(), visit.session, visit.Reader());
  if (!returned.ok()) return visit.ErrorPage(returned.status(), "");
  if (!returned->not_connected.ok()) {
    return visit.ErrorPage(returned->not_connected,
                           visit.LinkTo(returned->interaction));
  }
  WebResponse response =
      !returned->return_uri.empty()
          ? GoToApplication(returned->interaction, returned->return_uri,
                            returned->connect_code)
      : returned->trip_id.empty()
          ? SeeOther(DonePath(returned->interaction))
          : SeeOther(absl::StrCat("/account/", returned->trip_id));
  visit.cookies.Clear(response, returned->flow_cookie_name);
  return response;
}

}  // namespace tokenvault
