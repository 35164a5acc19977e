#include "cli/audit.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "cli/progress.h"
#include "oauth/toml_fields.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kTailPoll = absl::Seconds(1);
constexpr int kMostInAPage = 500;

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

// What a person writes for a time, as RFC 3339. FIELD_INVALID on `field`.
absl::StatusOr<std::string> TimeCondition(absl::string_view field,
                                          const std::string& text,
                                          absl::Time now) {
  absl::Time time;
  absl::Duration ago;
  std::string problem;
  if (ParseTomlDuration(text, ago) && ago >= absl::ZeroDuration()) {
    time = now - ago;
  } else if (!absl::ParseTime(absl::RFC3339_full, text, &time, &problem) &&
             !absl::ParseTime("%Y-%m-%d", text, &time, &problem)) {
    return errors::FieldInvalid(
        field, "wants 2026-11-28, 2026-11-28T09:00:00Z, or how long ago: 2h");
  }
  return absl::StrCat(
      "\"", absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()),
      "\"");
}

absl::StatusOr<std::string> FilterOf(const AuditQuery& query, absl::Time now) {
  std::vector<std::string> conditions;
  if (!query.filter.empty()) conditions.push_back(query.filter);
  if (!query.user.empty()) {
    ASSIGN_OR_RETURN(std::string person, PersonCondition("--user", query.user));
    conditions.push_back(std::move(person));
  }
  struct Named {
    const char* option;
    const char* member;
    std::string value;
  };
  const Named named[] = {
      {"--agent", "actor",
       query.agent.empty() ? "" : ResourceName("agents", query.agent)},
      {"--provider", "provider",
       query.provider.empty() ? "" : ShortName(query.provider)},
      {"--kind", "action", query.kind}};
  for (const Named& one : named) {
    if (one.value.empty()) continue;
    ASSIGN_OR_RETURN(const std::string value, Quoted(one.option, one.value));
    conditions.push_back(absl::StrCat(one.member, " = ", value));
  }
  for (const auto& [option, member, text] :
       {std::tuple<const char*, const char*, const std::string&>(
            "--since", "since", query.since),
        {"--until", "until", query.until}}) {
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(const std::string time, TimeCondition(option, text, now));
    conditions.push_back(absl::StrCat(member, " = ", time));
  }
  return absl::StrJoin(conditions, " AND ");
}

}  // namespace

int RunAuditTail(Session& session, const AuditTailOptions& options) {
  v1::ListAuditEventsRequest request;
  request.set_page_size(std::clamp(options.lines, 1, kMostInAPage));
  auto filter = FilterOf(options.query, session.now());
  if (!filter.ok()) return session.Fail(filter.status(), FaultOrigin::kHere);
  request.set_filter(*filter);
  request.set_from_end(true);
  while (true) {
    auto events =
        session.daemon().Call(&Channel::Admin::ListAuditEvents, request);
    if (!events.ok()) return session.Fail(events.status());
    for (const auto& event : events->events()) {
      if (!Show(session, event)) return kExitLocalMistake;
    }
    if (!options.follow) return kExitDone;
    request.set_from_end(false);
    request.set_page_token(events->next_page_token());
    request.set_page_size(kMostInAPage);
    if (events->looked_at() == events->newest()) {
      SleepUnlessInterrupted(kTailPoll);
    }
    if (Interrupted()) return session.Fail(absl::CancelledError("interrupted"));
  }
}

int RunAuditSearch(Session& session, const AuditSearchOptions& options) {
  v1::ListAuditEventsRequest request;
  auto filter = FilterOf(options.query, session.now());
  if (!filter.ok()) return session.Fail(filter.status(), FaultOrigin::kHere);
  request.set_filter(*filter);
  // Where the events go to the same screen, they are progress enough.
  Terminal& terminal = session.terminal();
  const bool shows_progress = !terminal.out_is_terminal();
  Progress progress(terminal, "Searching          ", session.now(), "events");
  int found = 0;
  while (options.limit == 0 || found < options.limit) {
    request.set_page_size(options.limit == 0
                              ? kMostInAPage
                              : std::min(options.limit - found, kMostInAPage));
    auto events =
        session.daemon().Call(&Channel::Admin::ListAuditEvents, request);
    if (!events.ok()) return session.Fail(events.status());
    for (const auto& event : events->events()) {
      if (!Show(session, event)) return kExitLocalMistake;
      ++found;
    }
    if (shows_progress) {
      progress.Show(events->looked_at(), events->newest(), session.now());
    }
    if (events->looked_at() == events->newest()) break;
    if (Interrupted()) return session.Fail(absl::CancelledError("interrupted"));
    request.set_page_token(events->next_page_token());
  }
  if (found == 0 && session.format() == Format::kTable) {
    terminal.Note("no events");
  }
  return kExitDone;
}

}  // namespace tokenvault
