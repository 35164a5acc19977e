#include "server/page_disconnect.h"

#include <utility>

#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {
namespace {

std::string CopiesText(const CopiesView& copies, const Messages& messages) {
  if (copies.until == absl::InfiniteFuture()) {
    return messages.Say("disconnect.copies_unbounded");
  }
  if (copies.until <= copies.now) {
    return messages.Say("disconnect.copies_none");
  }
  // The minute after it, since that is what a clock on a wall shows.
  return messages.Say(
      "disconnect.copies_until",
      {{"minute", MinuteText(copies.until + absl::Seconds(59), messages)}});
}

void SetRemoved(const RemovedView& removed, PageData& data) {
  data.set("provider", PlainName(removed.provider));
  data.set("account", PlainName(removed.account));
  data.set("revoked", removed.revocation == ProviderRevocation::kRevoked);
  data.set("unsupported",
           removed.revocation == ProviderRevocation::kUnsupported);
  data.set("failed", removed.revocation == ProviderRevocation::kFailed);
  data.set("pending", removed.revocation == ProviderRevocation::kPending);
  SetLink("provider_link", removed.provider_link, data);
}

PageData ListOf(const std::vector<RemovedView>& accounts) {
  PageData list(PageData::type::list);
  for (const RemovedView& removed : accounts) {
    PageData one;
    SetRemoved(removed, one);
    list << std::move(one);
  }
  return list;
}

}  // namespace

std::string RenderDisconnect(const DisconnectPage& page) {
  const Messages& messages = *page.frame.messages;
  const std::string provider = PlainName(page.provider);
  PageData card;
  SetForm(page.form, card);
  SetLink("keep_link", page.keep_link, card);
  card.set("provider", provider);
  card.set("account", PlainName(page.account));
  card.set("told", page.told);
  SetLink("provider_link", page.provider_link, card);
  card.set("copies", CopiesText(page.copies, messages));
  return RenderPage("disconnect", page.frame,
                    messages.Say("disconnect.title", {{"provider", provider}}),
                    std::move(card));
}

std::string RenderRemoved(const RemovedPage& page) {
  const Messages& messages = *page.frame.messages;
  const std::string agent = PlainName(page.agent);
  const std::string provider = PlainName(page.removed.provider);
  PageData card;
  SetRemoved(page.removed, card);
  card.set("copies", CopiesText(page.copies, messages));
  SetBack(page.back, card);
  SetLink("connections_link", page.connections_link, card);
  return RenderPage(
      "removed", page.frame,
      agent.empty() ? messages.Say("removed.title", {{"provider", provider}})
                    : messages.Say("removed.title_agent",
                                   {{"agent", agent}, {"provider", provider}}),
      std::move(card));
}

std::string RenderStop(const StopPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  SetForm(page.form, card);
  SetLink("keep_link", page.keep_link, card);
  card.set("accounts", ListOf(page.accounts));
  card.set("copies", CopiesText(page.copies, messages));
  return RenderPage("stop", page.frame, messages.Say("stop.title"),
                    std::move(card));
}

std::string RenderEverythingStopped(const EverythingStoppedPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  card.set("accounts", ListOf(page.accounts));
  card.set("copies", CopiesText(page.copies, messages));
  SetLink("connections_link", page.connections_link, card);
  return RenderPage("everything_stopped", page.frame, messages.Say("stop.done"),
                    std::move(card));
}

}  // namespace tokenvault
