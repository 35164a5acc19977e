#include "server/pages.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/page_template.h"
#include "server/page_text.h"

namespace tokenvault {
namespace {

void SetForm(const PageForm& form, PageData& data) {
  if (!IsOwnPath(form.path)) return;
  data.set("form_path", form.path);
  data.set("csrf", form.csrf);
}

void SetBack(const ReturnView& back, PageData& data) {
  SetLink("back_link", back.link, data);
  data.set("back_name", PlainName(back.name));
}

void SetAgent(const AgentView& agent, PageData& data) {
  data.set("agent", PlainName(agent.name));
  data.set("identity", PlainText(agent.identity));
  SetIf("owner", PlainName(agent.owner), data);
}

void SetConnections(const std::string& link, const std::string& name,
                    PageData& data) {
  SetLink("connections_link", link, data);
  data.set("connections_name", PlainText(name));
}

PageData ToData(const ScopeView& scope) {
  PageData data;
  data.set("name", PlainText(scope.raw));
  data.set("says", PlainText(scope.says));
  SetIf("risk", PlainText(scope.risk), data);
  data.set("high", scope.risk == "high");
  return data;
}

// A list, and has_NAME for what stands around it.
void SetScopes(const std::string& name, const std::vector<ScopeView>& scopes,
               PageData& data) {
  PageData list(PageData::type::list);
  for (const ScopeView& scope : scopes) list << ToData(scope);
  data.set("has_" + name, !scopes.empty());
  data.set(name, std::move(list));
}

void SetSentences(const std::string& name,
                  const std::vector<std::string>& sentences, PageData& data) {
  std::vector<ScopeView> scopes;
  for (const std::string& says : sentences) {
    scopes.push_back({.raw = "", .says = says, .risk = ""});
  }
  SetScopes(name, scopes, data);
}

std::string Render(const std::string& name, const PageFrame& frame,
                   const std::string& title, PageData card) {
  const std::string brand = PlainName(frame.brand);
  card.set("brand", brand);
  card.set("title", title);
  PageData page;
  page.set("brand", brand);
  page.set("title", title);
  page.set("stylesheet",
           absl::StrCat(kStyleSheetPath, "?v=", StyleSheetVersion()));
  page.set("demo", frame.demo);
  SetIf("signed_in_as", PlainName(frame.signed_in_as), page);
  page.set("card", FillTemplate(name, card));
  return FillTemplate("layout", page);
}

std::string EndText(absl::Time ends) {
  if (ends == absl::InfiniteFuture()) return "When you stop it";
  return DayText(ends);
}

PageData ToData(Lifetime lifetime, bool chosen, absl::Time now) {
  PageData data;
  data.set("value", LifetimeValue(lifetime));
  data.set("chosen", chosen);
  switch (lifetime) {
    case Lifetime::kOneDay:
      data.set("label", "One day");
      data.set("ends", "Until " + MinuteText(LifetimeEnd(lifetime, now)));
      break;
    case Lifetime::kThirtyDays:
      data.set("label", "30 days");
      data.set("ends", "Until " + DayText(LifetimeEnd(lifetime, now)));
      break;
    case Lifetime::kUntilStopped:
      data.set("label", "Until I stop it");
      data.set("ends", "It has no end of its own");
      break;
  }
  return data;
}

}  // namespace

std::string RenderSignIn(const SignInPage& page) {
  PageData card;
  SetIf("agent", PlainName(page.agent), card);
  card.set("tenant", PlainName(page.tenant));
  card.set("identity_provider", PlainName(page.identity_provider));
  SetLink("link", page.link, card);
  return Render("sign_in", page.frame, "Sign in to continue", std::move(card));
}

std::string RenderConsent(const ConsentPage& page) {
  const std::string agent = PlainName(page.agent.name);
  const std::string provider = PlainName(page.provider);
  PageData card;
  SetForm(page.form, card);
  SetAgent(page.agent, card);
  SetIf("tenant", PlainName(page.tenant), card);
  SetIf("purpose", PlainText(page.purpose), card);
  SetIf("account", PlainName(page.account), card);
  SetIf("error", PlainText(page.error), card);
  card.set("asked", AgoText(page.asked_at, page.now));
  card.set("code", PlainText(page.code));
  card.set("provider", provider);
  card.set("at_provider", page.at_provider);
  card.set("provider_host", PlainText(page.provider_host));
  card.set("reconnect", page.kind == ConsentKind::kReconnect);
  card.set("step_up", page.kind == ConsentKind::kStepUp);
  SetScopes("scopes", page.scopes, card);
  SetScopes("already", page.already, card);
  SetSentences("cannot", page.cannot, card);
  SetSentences("could_also", page.could_also, card);
  SetConnections(page.connections_link, page.connections_name, card);
  PageData lifetimes(PageData::type::list);
  for (Lifetime lifetime : page.lifetimes) {
    lifetimes << ToData(lifetime, lifetime == page.lifetime, page.now);
  }
  card.set("lifetimes", std::move(lifetimes));

  std::string title;
  switch (page.kind) {
    case ConsentKind::kConnect:
      title = absl::StrCat("Let ", agent, " use your ", provider, " account?");
      break;
    case ConsentKind::kReconnect:
      title = absl::StrCat("Reconnect your ", provider, " account for ", agent,
                           "?");
      break;
    case ConsentKind::kStepUp:
      title = absl::StrCat("Let ", agent, " do more with your ", provider,
                           " account?");
      break;
  }
  return Render("consent", page.frame, title, std::move(card));
}

std::string RenderInterstitial(const InterstitialPage& page) {
  PageData card;
  const std::string host = PlainText(page.host);
  card.set("agent", PlainName(page.agent));
  card.set("provider", PlainName(page.provider));
  card.set("host", host);
  SetLink("link", page.link, card);
  return Render("interstitial", page.frame,
                absl::StrCat("You are going to ", host), std::move(card));
}

std::string RenderDone(const DonePage& page) {
  const std::string agent = PlainName(page.agent.name);
  const std::string provider = PlainName(page.provider);
  PageData card;
  SetForm(page.undo, card);
  SetAgent(page.agent, card);
  SetIf("tenant", PlainName(page.tenant), card);
  card.set("provider", provider);
  card.set("account", PlainName(page.account));
  card.set("ends", EndText(page.ends));
  SetScopes("scopes", page.scopes, card);
  SetBack(page.back, card);
  SetConnections(page.connections_link, page.connections_name, card);

  // One ability goes into the headline; several go into the list alone.
  std::string what = page.scopes.size() == 1
                         ? LowerFirst(PlainText(page.scopes[0].says))
                         : absl::StrCat("use your ", provider, " account");
  std::string until = page.ends == absl::InfiniteFuture()
                          ? "until you stop it"
                          : absl::StrCat("until ", DayText(page.ends));
  return Render("done", page.frame,
                absl::StrCat("Done. ", agent, " can ", what, " ", until, "."),
                std::move(card));
}

std::string RenderDeniedByYou(const DeniedPage& page) {
  PageData card;
  const std::string agent = PlainName(page.agent);
  card.set("agent", agent);
  card.set("provider", PlainName(page.provider));
  SetBack(page.back, card);
  return Render("denied_by_you", page.frame,
                absl::StrCat(agent, " was not let in"), std::move(card));
}

std::string RenderDeniedAtProvider(const DeniedPage& page) {
  PageData card;
  const std::string provider = PlainName(page.provider);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  SetBack(page.back, card);
  return Render("denied_at_provider", page.frame,
                absl::StrCat(provider, " was told no"), std::move(card));
}

std::string RenderLinkUsed(const LinkUsedPage& page) {
  PageData card;
  SetLink("connections_link", page.connections_link, card);
  return Render("link_used", page.frame, "This link was used already",
                std::move(card));
}

std::string RenderLinkExpired(const LinkExpiredPage& page) {
  return Render("link_expired", page.frame, "This link is too old", PageData());
}

std::string RenderLinkEnded(const LinkEndedPage& page) {
  PageData card;
  card.set("denied", page.end == LinkEnd::kDenied);
  card.set("cancelled", page.end == LinkEnd::kCancelled);
  card.set("stopped", page.end == LinkEnd::kStopped);
  std::string title;
  switch (page.end) {
    case LinkEnd::kDenied:
      title = "This was answered with no";
      break;
    case LinkEnd::kCancelled:
      title = "This question was taken back";
      break;
    case LinkEnd::kStopped:
      title = "This link was stopped";
      break;
  }
  return Render("link_ended", page.frame, title, std::move(card));
}

std::string RenderOtherPerson(const OtherPersonPage& page) {
  PageData card;
  SetForm(page.sign_out, card);
  return Render("other_person", page.frame,
                "This link was made for someone else", std::move(card));
}

std::string RenderProviderDown(const ProviderDownPage& page) {
  PageData card;
  const std::string provider = PlainName(page.provider);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  SetLink("retry_link", page.retry_link, card);
  card.set("refuses_us", page.refuses_us);
  return Render("provider_down", page.frame,
                absl::StrCat(provider, page.refuses_us ? " refuses this service"
                                                       : " is not answering"),
                std::move(card));
}

std::string RenderLessGranted(const LessGrantedPage& page) {
  PageData card;
  const std::string provider = PlainName(page.provider);
  SetForm(page.form, card);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  SetIf("account", PlainName(page.account), card);
  SetScopes("granted", page.granted, card);
  SetScopes("missing", page.missing, card);
  return Render("less_granted", page.frame,
                absl::StrCat(provider, " gave less than was asked"),
                std::move(card));
}

std::string RenderWrongAccount(const WrongAccountPage& page) {
  PageData card;
  const std::string provider = PlainName(page.provider);
  SetForm(page.form, card);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  card.set("account", PlainName(page.account));
  card.set("new_account", PlainName(page.new_account));
  card.set("is_new", page.is_new);
  return Render("wrong_account", page.frame,
                absl::StrCat("This is another ", provider, " account"),
                std::move(card));
}

std::string RenderWentWrong(const WentWrongPage& page) {
  PageData card;
  SetIf("id", PlainText(page.id), card);
  SetLink("retry_link", page.retry_link, card);
  return Render("went_wrong", page.frame, "Something went wrong",
                std::move(card));
}

std::string RenderSealed(const SealedPage& page) {
  return Render("sealed", page.frame, "Locked for now", PageData());
}

std::string RenderStopped(const StoppedPage& page) {
  PageData card;
  SetLink("retry_link", page.retry_link, card);
  return Render("stopped", page.frame, "Stopped for now", std::move(card));
}

std::string RenderNotFound(const NotFoundPage& page) {
  return Render("not_found", page.frame, "There is no page here", PageData());
}

std::string RenderSignedOut(const SignedOutPage& page) {
  PageData card;
  SetLink("sign_in_link", page.sign_in_link, card);
  return Render("signed_out", page.frame, "You are signed out",
                std::move(card));
}

std::string RenderRemoved(const RemovedPage& page) {
  PageData card;
  const std::string agent = PlainName(page.agent);
  const std::string provider = PlainName(page.provider);
  card.set("agent", agent);
  card.set("provider", provider);
  card.set("account", PlainName(page.account));
  card.set("revoked", page.revocation == ProviderRevocation::kRevoked);
  card.set("unsupported", page.revocation == ProviderRevocation::kUnsupported);
  card.set("failed", page.revocation == ProviderRevocation::kFailed);
  card.set("pending", page.revocation == ProviderRevocation::kPending);
  SetLink("provider_link", page.provider_link, card);
  SetBack(page.back, card);
  return Render(
      "removed", page.frame,
      agent.empty()
          ? absl::StrCat("Your ", provider, " account is disconnected")
          : absl::StrCat(agent, " no longer uses your ", provider, " account"),
      std::move(card));
}

std::string RenderMyConnections(const MyConnectionsPage& page) {
  PageData card;
  PageData connections(PageData::type::list);
  for (const ConnectionCard& connection : page.connections) {
    PageData data;
    SetForm(page.form, data);
    data.set("id", connection.id);
    data.set("provider", PlainName(connection.provider));
    data.set("account", PlainName(connection.account));
    data.set("state", PlainText(connection.state));
    SetIf("explanation", PlainText(connection.explanation), data);
    PageData uses(PageData::type::list);
    for (const ConnectionCard::Use& use : connection.uses) {
      PageData line;
      line.set("agent", PlainName(use.agent));
      line.set("ends", EndText(use.ends));
      SetScopes("scopes", use.scopes, line);
      uses << std::move(line);
    }
    data.set("has_uses", !connection.uses.empty());
    data.set("uses", std::move(uses));
    connections << std::move(data);
  }
  card.set("none", page.connections.empty());
  card.set("connections", std::move(connections));
  SetForm(page.sign_out, card);
  return Render("my_connections", page.frame, "My connections",
                std::move(card));
}

}  // namespace tokenvault
