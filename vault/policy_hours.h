#pragma once

#include <bitset>
#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace tokenvault {

// Hours of the week, by the clock on a wall of `zone`: an hour that daylight
// saving skips is in none of them, one that it repeats counts both times.
struct PolicyHours {
  std::bitset<7> days;  // by absl::Weekday: Monday is 0; on which they begin
  int from = 0;         // minutes since midnight
  // Not `from`; up to 24:00. Before `from`, it is of the day after.
  int to = 24 * 60;
  absl::TimeZone zone;

  bool Contain(absl::Time time) const;
  // "Sat 14:05 in Europe/Berlin": what the wall says then.
  std::string WallClock(absl::Time time) const;
  // "Mon Tue 22:00-06:00 Europe/Berlin".
  std::string ToString() const;
};

}  // namespace tokenvault
