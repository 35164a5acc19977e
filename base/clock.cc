#include "base/clock.h"

#include "absl/time/clock.h"

namespace tokenvault {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

const Clock& SystemClock() {
  static const auto* const kClock = new RealClock();
  return *kClock;
}

}  // namespace tokenvault
