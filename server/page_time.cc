#include "server/page_time.h"

#include "absl/strings/str_cat.h"

namespace tokenvault {

std::string DayText(absl::Time time, const Messages& messages) {
  const absl::CivilDay day = absl::ToCivilDay(time, absl::UTCTimeZone());
  return messages.Say(
      "time.day",
      {{"day", absl::StrCat(day.day())},
       {"month", messages.Say(absl::StrCat("time.month_", day.month()))},
       {"year", absl::StrCat(day.year())}});
}

std::string MinuteText(absl::Time time, const Messages& messages) {
  return messages.Say(
      "time.minute",
      {{"date", DayText(time, messages)},
       {"time", absl::FormatTime("%H:%M", time, absl::UTCTimeZone())}});
}

std::string AgoText(absl::Time then, absl::Time now, const Messages& messages) {
  const int64_t minutes = absl::ToInt64Minutes(now - then);
  if (minutes < 1) return messages.Say("time.just_now");
  if (minutes < 60) {
    return messages.Say("time.minutes_ago",
                        {{"minutes", absl::StrCat(minutes)}});
  }
  return messages.Say("time.at", {{"minute", MinuteText(then, messages)}});
}

}  // namespace tokenvault
