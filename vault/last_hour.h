#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace tokenvault {

// What was counted in each of the last sixty minutes, the one that runs among
// them; so what is added up is of 59 to 60 minutes. As large as sixty tallies,
// however much is counted. A clock that is set back hides what came after.
// Not thread-safe: who owns one has a lock around it.
//
//   LastHour<int> calls;
//   ++calls.At(now);
//   calls.Visit(now, [&](int count) { sum += count; });
template <typename Tally>
class LastHour {
 public:
  static constexpr int64_t kMinutes = 60;

  // That of the minute that runs; a new one when it has just begun.
  Tally& At(absl::Time now) {
    const int64_t minute = MinuteOf(now);
    Slot& slot = slots_[static_cast<uint64_t>(minute) % kMinutes];
    if (slot.minute != minute) slot = {minute, Tally()};
    return slot.tally;
  }

  template <typename Visitor>
  void Visit(absl::Time now, Visitor&& visit) const {
    const int64_t minute = MinuteOf(now);
    for (const Slot& slot : slots_) {
      if (slot.minute > minute - kMinutes && slot.minute <= minute) {
        visit(slot.tally);
      }
    }
  }

 private:
  struct Slot {
    int64_t minute = std::numeric_limits<int64_t>::min();
    Tally tally = {};
  };
  static int64_t MinuteOf(absl::Time now) {
    return absl::ToUnixSeconds(now) / 60;
  }

  std::array<Slot, kMinutes> slots_;
};

// Where a tally is a map of counts: all of the hour before `now`.
template <typename Counts>
Counts SumOf(const LastHour<Counts>& minutes, absl::Time now) {
  Counts sum;
  minutes.Visit(now, [&sum](const Counts& minute) {
    for (const auto& [key, count] : minute) sum[key] += count;
  });
  return sum;
}

}  // namespace tokenvault
