#include "server/page_outcome.h"

#include <utility>

#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {
namespace {

// One ability goes into the headline; several go into the list alone.
std::string DoneTitle(const DonePage& page) {
  const Messages& messages = *page.frame.messages;
  const bool one = page.scopes.size() == 1;
  const bool ends = page.ends != absl::InfiniteFuture();
  Messages::Values values = {{"agent", PlainName(page.agent.name)}};
  if (one) {
    values.emplace_back("ability", LowerFirst(PlainText(page.scopes[0].says)));
  } else {
    values.emplace_back("provider", PlainName(page.provider));
  }
  if (!ends) return messages.Say(one ? "done.one" : "done.several", values);
  values.emplace_back("day", DayText(page.ends, messages));
  return messages.Say(one ? "done.one_until" : "done.several_until", values);
}

}  // namespace

std::string RenderDone(const DonePage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  SetForm(page.undo, card);
  SetAgent(page.agent, card);
  SetIf("tenant", PlainName(page.tenant), card);
  card.set("provider", PlainName(page.provider));
  card.set("account", PlainName(page.account));
  card.set("ends", page.ends == absl::InfiniteFuture()
                       ? messages.Say("done.no_end")
                       : DayText(page.ends, messages));
  if (!page.task.empty()) {
    card.set("for_task",
             messages.Say("done.for_task",
                          {{"task", PlainText(page.task)},
                           {"time", MinuteText(page.ends, messages)}}));
  }
  SetScopes("scopes", page.scopes, messages, card);
  SetBack(page.back, card);
  SetConnectionsLink(page.connections_link, page.connections_name, card);
  return RenderPage("done", page.frame, DoneTitle(page), std::move(card));
}

std::string RenderDeniedByYou(const DeniedPage& page) {
  PageData card;
  const std::string agent = PlainName(page.agent);
  card.set("agent", agent);
  card.set("provider", PlainName(page.provider));
  SetBack(page.back, card);
  return RenderPage(
      "denied_by_you", page.frame,
      page.frame.messages->Say("denied.title_by_you", {{"agent", agent}}),
      std::move(card));
}

std::string RenderDeniedAtProvider(const DeniedPage& page) {
  PageData card;
  const std::string provider = PlainName(page.provider);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  SetBack(page.back, card);
  return RenderPage("denied_at_provider", page.frame,
                    page.frame.messages->Say("denied.title_at_provider",
                                             {{"provider", provider}}),
                    std::move(card));
}

std::string RenderLessGranted(const LessGrantedPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  const std::string provider = PlainName(page.provider);
  SetForm(page.form, card);
  card.set("agent", PlainName(page.agent));
  card.set("provider", provider);
  SetIf("account", PlainName(page.account), card);
  SetScopes("granted", page.granted, messages, card);
  SetScopes("missing", page.missing, messages, card);
  return RenderPage(
      "less_granted", page.frame,
      messages.Say("less_granted.title", {{"provider", provider}}),
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
  return RenderPage(
      "wrong_account", page.frame,
      page.frame.messages->Say("wrong_account.title", {{"provider", provider}}),
      std::move(card));
}

}  // namespace tokenvault
