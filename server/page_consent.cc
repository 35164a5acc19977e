#include "server/page_consent.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {
namespace {

const char* TitleKey(ConsentKind kind) {
  switch (kind) {
    case ConsentKind::kReconnect:
      return "consent.title_reconnect";
    case ConsentKind::kStepUp:
      return "consent.title_step_up";
    case ConsentKind::kConnect:
      break;
  }
  return "consent.title_connect";
}

PageData ChoiceOf(Lifetime lifetime, const ConsentPage& page) {
  const Messages& messages = *page.frame.messages;
  const absl::Time ends = LifetimeEnd(lifetime, page.now);
  PageData data;
  data.set("value", LifetimeValue(lifetime));
  data.set("chosen", lifetime == page.lifetime);
  switch (lifetime) {
    case Lifetime::kThisTask:
      data.set("label", messages.Say("consent.this_task"));
      data.set("ends", messages.Say("consent.this_task_until",
                                    {{"task", PlainText(page.task)},
                                     {"time", MinuteText(ends, messages)}}));
      break;
    case Lifetime::kThirtyDays:
      data.set("label", messages.Say("consent.thirty_days"));
      data.set("ends", messages.Say("consent.until",
                                    {{"time", DayText(ends, messages)}}));
      break;
    case Lifetime::kUntilStopped:
      data.set("label", messages.Say("consent.until_stopped"));
      data.set("ends", messages.Say("consent.no_end"));
      break;
  }
  return data;
}

// Beside what is needed; each has a name in the form.
void SetOptional(const ConsentPage& page, PageData& card) {
  PageData list(PageData::type::list);
  int number = 0;
  for (const OptionalScopeView& one : page.optional) {
    PageData data;
    SetScope(one.scope, *page.frame.messages, data);
    data.set("field", absl::StrCat(kFieldOptional, ++number));
    // As it is: it comes back, and is looked for among what was offered.
    data.set("value", one.scope.raw);
    data.set("chosen", one.chosen);
    list << std::move(data);
  }
  card.set("has_optional", !page.optional.empty());
  card.set("optional", std::move(list));
}

}  // namespace

std::string RenderSignIn(const SignInPage& page) {
  PageData card;
  SetIf("agent", PlainName(page.agent), card);
  card.set("approval", page.approval);
  card.set("as_operator", page.as_operator);
  card.set("tenant", PlainName(page.tenant));
  card.set("identity_provider", PlainName(page.identity_provider));
  SetLink("link", page.link, card);
  return RenderPage("sign_in", page.frame,
                    page.frame.messages->Say("sign_in.title"), std::move(card));
}

std::string RenderConsent(const ConsentPage& page) {
  const Messages& messages = *page.frame.messages;
  const std::string provider = PlainName(page.provider);
  PageData card;
  SetForm(page.form, card);
  SetAgent(page.agent, card);
  SetIf("tenant", PlainName(page.tenant), card);
  SetIf("purpose", PlainText(page.purpose), card);
  SetIf("account", PlainName(page.account), card);
  SetIf("error", page.error, card);
  SetGuard(page.not_meant, card);
  card.set("asked", AgoText(page.asked_at, page.now, messages));
  card.set("code", PlainText(page.code));
  card.set("provider", provider);
  card.set("at_provider", page.at_provider);
  card.set("provider_host", PlainText(page.provider_host));
  card.set("reconnect", page.kind == ConsentKind::kReconnect);
  card.set("step_up", page.kind == ConsentKind::kStepUp);
  SetScopes("scopes", page.scopes, messages, card);
  SetOptional(page, card);
  card.set("lasting", page.lasting);
  SetIf("confirmer", PlainName(page.confirmer), card);
  SetScopes("already", page.already, messages, card);
  SetSentences("cannot", page.cannot, card);
  SetSentences("could_also", page.could_also, card);
  SetConnectionsLink(page.connections_link, page.connections_name, card);
  PageData lifetimes(PageData::type::list);
  for (Lifetime lifetime : page.lifetimes) {
    lifetimes << ChoiceOf(lifetime, page);
  }
  card.set("lifetimes", std::move(lifetimes));
  return RenderPage(
      "consent", page.frame,
      messages.Say(TitleKey(page.kind), {{"agent", PlainName(page.agent.name)},
                                         {"provider", provider}}),
      std::move(card));
}

std::string RenderInterstitial(const InterstitialPage& page) {
  PageData card;
  const std::string host = PlainText(page.host);
  card.set("agent", PlainName(page.agent));
  card.set("provider", PlainName(page.provider));
  card.set("host", host);
  SetLink("link", page.link, card);
  return RenderPage(
      "interstitial", page.frame,
      page.frame.messages->Say("interstitial.title", {{"host", host}}),
      std::move(card));
}

}  // namespace tokenvault
