#include "base/clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace tokenvault {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration SinceBoot() const override {
    timespec time = {};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return absl::DurationFromTimespec(time);
  }
};

}  // namespace

const Clock& SystemClock() {
  static const auto* const kClock = new RealClock();
  return *kClock;
}

}  // namespace tokenvault
