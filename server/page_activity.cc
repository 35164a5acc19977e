#include "server/page_activity.h"

#include <utility>

#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {

void SetActivity(const ActivityView& activity, const Messages& messages,
                 PageData& data) {
  PageData events(PageData::type::list);
  for (const ActivityLine& line : activity.lines) {
    PageData event;
    event.set("what", line.what);
    event.set("who", PlainName(line.who));
    event.set("time", MinuteText(line.time, messages));
    // Set even when empty: around the list stand values of the same names.
    event.set("account", line.account.empty()
                             ? PageData(false)
                             : PageData(PlainName(line.account)));
    event.set("provider", line.provider.empty()
                              ? PageData(false)
                              : PageData(PlainName(line.provider)));
    SetIf("purpose", PlainText(line.purpose), event);
    SetIf("outcome", line.outcome, event);
    SetScopes("scopes", line.scopes, messages, event);
    events << std::move(event);
  }
  data.set("has_events", !activity.lines.empty());
  data.set("events", std::move(events));
  SetLink("newest_link", activity.newest_link, data);
  SetLink("older_link", activity.older_link, data);
  SetLink("csv_link", activity.csv_link, data);
}

std::string RenderActivity(const ActivityPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  SetActivity(page.activity, messages, card);
  return RenderPage("activity", page.frame, messages.Say("activity.title"),
                    std::move(card));
}

}  // namespace tokenvault
