#include "server/web_visit.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "oauth/url.h"
#include "server/page_headers.h"
#include "server/page_notices.h"
#include "vault/audit_events.h"

namespace tokenvault {

WebResponse Page(int status, std::string html) {
  WebResponse response;
  response.status = status;
  response.content_type = kHtmlContentType;
  response.body = std::move(html);
  return response;
}

absl::string_view WebVisit::WhyNoOperator() const {
  if (!session.has_value() || !directory->operators.has_value()) {
    return "tenant";
  }
  return directory->operators->WhyNot(session->tenant, session->groups);
}

PageFrame WebVisit::Frame(const Tenant* tenant) const {
  PageFrame frame;
  frame.messages = &messages;
  if (tenant != nullptr) {
    frame.brand = messages.Say("frame.brand", {{"tenant", tenant->name}});
  }
  if (session.has_value()) frame.signed_in_as = session->display_name;
  frame.is_operator = WhyNoOperator().empty();
  frame.demo = directory->dev_mode;
  return frame;
}

PageFrame WebVisit::Frame() const {
  return Frame(session.has_value() ? directory->FindTenant(session->tenant)
                                   : nullptr);
}

PageFrame WebVisit::FrameOf(const char* path) const {
  PageFrame frame = Frame();
  frame.here = path;
  // Without the number, the page is what it is all the same.
  if (session.has_value()) {
    frame.waiting =
        parts.approvals.CountToDecide(*directory, AsApprover()).value_or(0);
  }
  return frame;
}

std::string WebVisit::ConnectionsName() const {
  absl::string_view url = directory->public_url;
  if (!absl::ConsumePrefix(&url, "https://")) {
    absl::ConsumePrefix(&url, "http://");
  }
  return absl::StrCat(url, kConnectionsPath);
}

CookieReader WebVisit::Reader() const {
  return
      [this](const std::string& name) { return cookies.Read(request, name); };
}

std::string WebVisit::Actor() const { return ActorOf(session->user); }

Approver WebVisit::AsApprover() const {
  return {.tenant = session->tenant,
          .user = session->user,
          .groups = session->groups,
          .auth_time = session->auth_time,
          .acr = session->acr,
          .how = "page"};
}

PageForm WebVisit::Form(const std::string& action) const {
  return {action, parts.sign_in.CsrfToken(*session, action).value_or("")};
}

std::string WebVisit::LinkTo(const InteractionId& id) const {
  return absl::StrCat("/c/", parts.interactions.LinkIdOf(id).value_or(""));
}

absl::StatusOr<WebForm> WebVisit::ReadOwnForm(const std::string& action) const {
  auto refuse = [&](absl::string_view check) {
    // Without what follows: a link is for the person who has it.
    return parts.sign_in.RefuseForm(
        *session, absl::string_view(action).substr(0, action.find('/', 1)),
        check);
  };
  if (!IsOwnForm(request, directory->public_url)) return refuse("origin");
  ASSIGN_OR_RETURN(WebForm form, ReadForm(request));
  ASSIGN_OR_RETURN(std::string token,
                   parts.sign_in.CsrfToken(*session, action));
  if (!EqualInConstantTime(form[kFieldCsrf], token)) return refuse("csrf");
  return form;
}

CallbackQuery WebVisit::Query() const {
  CallbackQuery query;
  auto parameters = ParseQuery(request.query);
  if (parameters.ok()) {
    query.parameters = *std::move(parameters);
  } else {
    query.malformed = true;
  }
  return query;
}

WebResponse WebVisit::EndPage(const Interaction& interaction) const {
  LinkEndedPage page;
  page.frame = Frame();
  switch (StateAt(interaction, parts.clock.Now())) {
    case InteractionState::kExpired:
      return Page(410, RenderLinkExpired({Frame()}));
    case InteractionState::kCancelled:
      page.end = LinkEnd::kCancelled;
      break;
    case InteractionState::kRefused:
      page.end = LinkEnd::kStopped;
      break;
    case InteractionState::kDenied:
      // Connected with less than was asked for is no no.
      if (interaction.denial_reason != "SCOPES_NOT_GRANTED") break;
      return Page(410, RenderLinkUsed({Frame(), kConnectionsPath}));
    case InteractionState::kPending:
    case InteractionState::kCompleted:
      return Page(410, RenderLinkUsed({Frame(), kConnectionsPath}));
  }
  return Page(410, RenderLinkEnded(page));
}

WebResponse WebVisit::ErrorPage(const absl::Status& status,
                                const std::string& retry_link) const {
  const std::string reason = ReasonOf(status);
  const PageFrame frame = Frame();
  if (reason == "NOT_FOUND" || reason == "RESOURCE_DENIED") {
    return Page(404, RenderNotFound({frame}));
  }
  if (reason == "VAULT_SEALED") return Page(503, RenderSealed({frame}));
  if (reason == "ISSUANCE_STOPPED") {
    return Page(503, RenderStopped({frame, retry_link}));
  }
  if (reason == "INTERACTION_USED") {
    return Page(410, RenderLinkUsed({frame, kConnectionsPath}));
  }
  if (reason == "INTERACTION_EXPIRED") {
    return Page(410, RenderLinkExpired({frame}));
  }
  if (reason == "INTERACTION_DENIED") {
    const InteractionId id(MetadataOf(status, "interaction"));
    absl::StatusOr<Interaction> ended = parts.interactions.FindByLink(
        parts.interactions.LinkIdOf(id).value_or(""));
    if (ended.ok()) return EndPage(*ended);
  }
  const std::string check = MetadataOf(status, "check");
  if (check == "user_mismatch" || check == "user") {
    OtherPersonPage page;
    page.frame = frame;
    if (session.has_value()) page.sign_out = Form("/signout");
    return Page(403, RenderOtherPerson(page));
  }
  const std::string id = NewUlid(parts.clock.Now());
  Log(LogLevel::kWarning, "page.failed", "a page could not be shown",
      {{LogKey::kRequestId, id},
       {LogKey::kReason, reason.empty() ? "INTERNAL" : reason},
       {LogKey::kOutcome, check}});
  if (absl::StartsWith(reason, "PROVIDER_") || reason == "ADDRESS_REFUSED") {
    ProviderDownPage page;
    page.frame = frame;
    const std::string provider = MetadataOf(status, "provider");
    const Provider* known = directory->FindProvider(ProviderId(provider));
    page.provider = known == nullptr ? messages.Say("provider.unknown")
                                     : known->display_name;
    page.agent = messages.Say("agent.unknown");
    page.retry_link = retry_link;
    page.refuses_us = reason == "PROVIDER_MISCONFIGURED";
    return Page(502, RenderProviderDown(page));
  }
  const int code = reason == "CONNECT_REFUSED"   ? 403
                   : reason == "FIELD_INVALID"   ? 400
                   : absl::IsUnavailable(status) ? 503
                                                 : 500;
  return Page(code, RenderWentWrong({frame, id, retry_link}));
}

}  // namespace tokenvault
