#include "server/page_connections.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {
namespace {

std::string UsedText(absl::Time used, absl::Time now,
                     const Messages& messages) {
  if (used == absl::InfinitePast()) return messages.Say("connections.not_used");
  const int64_t minutes = absl::ToInt64Minutes(now - used);
  if (minutes < 1) return messages.Say("connections.used_just_now");
  if (minutes < 60) {
    return messages.Say("connections.used_minutes_ago",
                        {{"minutes", absl::StrCat(minutes)}});
  }
  return messages.Say("connections.used_on",
                      {{"day", DayText(used, messages)}});
}

std::string EndsText(absl::Time ends, const Messages& messages) {
  if (ends == absl::InfiniteFuture()) return messages.Say("connections.no_end");
  return messages.Say("connections.ends_on",
                      {{"day", DayText(ends, messages)}});
}

PageData UsesOf(const ConnectionCard& connection, const PageForm& form,
                absl::Time now, const Messages& messages) {
  PageData uses(PageData::type::list);
  for (const AgentUse& use : connection.uses) {
    PageData line;
    SetForm(form, line);
    line.set("agent", PlainName(use.agent));
    line.set("agent_id", use.id);
    line.set("used", UsedText(use.last_used, now, messages));
    line.set("ends", EndsText(use.ends, messages));
    if (!use.task.empty()) {
      line.set("for_task", messages.Say("connections.for_task",
                                        {{"task", PlainText(use.task)}}));
    }
    line.set("cannot_limit", !use.could_also.empty());
    SetScopes("scopes", use.scopes, messages, line);
    SetSentences("could_also", use.could_also, line);
    uses << std::move(line);
  }
  return uses;
}

// The account, its state in words, and what can be done about it.
void SetCard(const ConnectionCard& connection, const PageForm& form,
             absl::Time now, const Messages& messages, PageData& data) {
  const std::string provider = PlainName(connection.provider);
  const bool used = !connection.uses.empty();
  SetForm(form, data);
  data.set("id", connection.id);
  data.set("provider", provider);
  data.set("account", PlainName(connection.account));
  data.set("has_uses", used);
  data.set("uses", UsesOf(connection, form, now, messages));
  data.set("pause", connection.state == CardState::kActive);
  data.set("resume", connection.state == CardState::kPaused);
  const bool broken = connection.state == CardState::kNeedsReconnecting;
  data.set("attention", broken);
  // It is an agent that asks: without one there is nothing to reconnect for.
  data.set("reconnect", broken && used);
  if (connection.state != CardState::kDisconnected) {
    SetLink("disconnect_link",
            absl::StrCat(kConnectionsPath, "/", connection.id, "/disconnect"),
            data);
  }
  switch (connection.state) {
    case CardState::kActive:
      data.set("state", messages.Say("connections.active"));
      break;
    case CardState::kNeedsReconnecting:
      data.set("state", messages.Say("connections.needs_reconnecting"));
      data.set("explanation", messages.Say(used ? "connections.nothing_lost"
                                                : "connections.nobody_needs_it",
                                           {{"provider", provider}}));
      break;
    case CardState::kPaused:
      data.set("state", messages.Say("connections.paused"));
      data.set("explanation", messages.Say("connections.paused_means"));
      break;
    case CardState::kDisconnected:
      data.set("state", messages.Say("connections.disconnected"));
      data.set("explanation", messages.Say("connections.disconnected_means"));
      break;
  }
}

}  // namespace

std::string RenderMyConnections(const MyConnectionsPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData connections(PageData::type::list);
  // What waits for the person comes first.
  for (const bool waiting : {true, false}) {
    for (const ConnectionCard& connection : page.connections) {
      if ((connection.state == CardState::kNeedsReconnecting) != waiting) {
        continue;
      }
      PageData data;
      SetCard(connection, page.form, page.now, messages, data);
      SetLink("details_link",
              absl::StrCat(kConnectionsPath, "/", connection.id), data);
      connections << std::move(data);
    }
  }
  PageData card;
  card.set("none", page.connections.empty());
  card.set("connections", std::move(connections));
  if (!page.connections.empty()) {
    SetLink("stop_link", absl::StrCat(kConnectionsPath, "/stop"), card);
  }
  SetForm(page.sign_out, card);
  return RenderPage("my_connections", page.frame,
                    messages.Say("connections.title"), std::move(card));
}

std::string RenderConnection(const ConnectionPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  SetCard(page.connection, page.form, page.now, messages, card);
  card.set("connected", DayText(page.connected, messages));
  SetIf("first_agent", PlainName(page.first_agent), card);
  if (page.renewed != absl::InfinitePast()) {
    card.set("renewed", MinuteText(page.renewed, messages));
  }
  card.set("provider_host", PlainText(page.provider_host));
  SetScopes("granted", page.granted, messages, card);
  SetActivity(page.activity, messages, card);
  return RenderPage(
      "connection", page.frame,
      messages.Say("connection.title",
                   {{"account", PlainName(page.connection.account)},
                    {"provider", PlainName(page.connection.provider)}}),
      std::move(card));
}

}  // namespace tokenvault
