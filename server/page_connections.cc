#include "server/page_connections.h"

#include <utility>

#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {

std::string RenderRemoved(const RemovedPage& page) {
  const Messages& messages = *page.frame.messages;
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
  return RenderPage(
      "removed", page.frame,
      agent.empty() ? messages.Say("removed.title", {{"provider", provider}})
                    : messages.Say("removed.title_agent",
                                   {{"agent", agent}, {"provider", provider}}),
      std::move(card));
}

std::string RenderMyConnections(const MyConnectionsPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  PageData connections(PageData::type::list);
  for (const ConnectionCard& connection : page.connections) {
    PageData data;
    SetForm(page.form, data);
    data.set("id", connection.id);
    data.set("provider", PlainName(connection.provider));
    data.set("account", PlainName(connection.account));
    data.set("state", connection.state);
    SetIf("explanation", connection.explanation, data);
    PageData uses(PageData::type::list);
    for (const ConnectionCard::Use& use : connection.uses) {
      PageData line;
      line.set("agent", PlainName(use.agent));
      line.set("ends", use.ends == absl::InfiniteFuture()
                           ? messages.Say("done.no_end")
                           : DayText(use.ends, messages));
      SetScopes("scopes", use.scopes, messages, line);
      uses << std::move(line);
    }
    data.set("has_uses", !connection.uses.empty());
    data.set("uses", std::move(uses));
    connections << std::move(data);
  }
  card.set("none", page.connections.empty());
  card.set("connections", std::move(connections));
  SetForm(page.sign_out, card);
  return RenderPage("my_connections", page.frame,
                    messages.Say("connections.title"), std::move(card));
}

}  // namespace tokenvault
