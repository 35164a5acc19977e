#include "cli/audit.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/plain_text.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kTailPoll = absl::Seconds(1);

std::string Column(absl::string_view text, size_t width) {
  std::string safe = SanitizeLine(text);
  const size_t columns = ColumnsOf(safe);
  return absl::StrCat(
      safe, std::string(width > columns ? width - columns : 0, ' '), "  ");
}

// Columns of a fixed width: nobody knows what the next event will be.
std::string LineOf(const v1::AuditEvent& event, const Terminal& terminal) {
  const Color color = event.outcome() == "ok"       ? Color::kNone
                      : event.outcome() == "denied" ? Color::kYellow
                                                    : Color::kRed;
  std::string about =
      event.connection().empty()
          ? (event.provider().empty() ? event.user() : event.provider())
          : event.connection();
  std::vector<std::string> tail;
  if (about == event.actor()) about.clear();
  for (const std::string& part : {event.reason(), about, event.token_id()}) {
    if (!part.empty()) tail.push_back(SanitizeLine(part));
  }
  const std::string line = absl::StrCat(
      Column(absl::FormatTime("%Y-%m-%d %H:%M:%S", TimeOf(event.time()),
                              absl::UTCTimeZone()),
             19),
      Column(event.action(), 28),
      terminal.Paint(color, Column(event.outcome(), 6)),
      Column(event.actor(), 24), absl::StrJoin(tail, "  "));
  return absl::StrCat(absl::StripTrailingAsciiWhitespace(line), "\n");
}

// False when nobody reads any more.
bool Show(Session& session, const v1::AuditEvent& event) {
  switch (session.format()) {
    case Format::kTable:
      return session.terminal().Print(LineOf(event, session.terminal()));
    case Format::kJson:
      return session.terminal().Print(ToJson(event));
    case Format::kYaml:
      return session.terminal().Print(absl::StrCat("---\n", ToYaml(event)));
  }
  return false;
}

}  // namespace

int RunAuditTail(Session& session, const AuditTailOptions& options) {
  v1::ListAuditEventsRequest request;
  request.set_page_size(std::clamp(options.lines, 1, 500));
  std::string filter = options.filter;
  if (!options.user.empty()) {
    auto person = PersonCondition("--user", options.user);
    if (!person.ok()) return session.Fail(person.status(), FaultOrigin::kHere);
    absl::StrAppend(&filter, filter.empty() ? "" : " AND ", *person);
  }
  request.set_filter(filter);
  request.set_from_end(true);
  while (true) {
    auto events =
        session.daemon().Call(&Channel::Admin::ListAuditEvents, request);
    if (!events.ok()) return session.Fail(events.status());
    for (const auto& event : events->events()) {
      if (!Show(session, event)) return kExitLocalMistake;
    }
    if (!options.follow) return kExitDone;
    const bool more = events->events_size() == request.page_size();
    request.set_from_end(false);
    request.set_page_token(events->next_page_token());
    if (!more || request.page_size() != 500) SleepUnlessInterrupted(kTailPoll);
    request.set_page_size(500);
    if (Interrupted()) return session.Fail(absl::CancelledError("interrupted"));
  }
}

}  // namespace tokenvault
