#include "vault/policy_hours.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tokenvault {
namespace {

constexpr const char* kDayNames[] = {"Mon", "Tue", "Wed", "Thu",
                                     "Fri", "Sat", "Sun"};

size_t DayOf(absl::CivilDay day) {
  return static_cast<size_t>(absl::GetWeekday(day));
}

std::string ClockText(int minutes) {
  return absl::StrFormat("%02d:%02d", minutes / 60, minutes % 60);
}

}  // namespace

bool PolicyHours::Contain(absl::Time time) const {
  const absl::CivilMinute wall = absl::ToCivilMinute(time, zone);
  const int minute = wall.hour() * 60 + wall.minute();
  const absl::CivilDay today(wall);
  if (from < to) return days[DayOf(today)] && from <= minute && minute < to;
  return (days[DayOf(today)] && minute >= from) ||
         (days[DayOf(today - 1)] && minute < to);
}

std::string PolicyHours::WallClock(absl::Time time) const {
  return absl::StrCat(absl::FormatTime("%a %H:%M", time, zone), " in ",
                      zone.name());
}

std::string PolicyHours::ToString() const {
  std::string text;
  if (!days.all()) {
    for (size_t day = 0; day < days.size(); ++day) {
      if (days[day]) absl::StrAppend(&text, kDayNames[day], " ");
    }
  }
  absl::StrAppend(&text, ClockText(from), "-", ClockText(to), " ", zone.name());
  return text;
}

}  // namespace tokenvault
