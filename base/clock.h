#pragma once

#include "absl/time/time.h"

namespace tokenvault {

// Time: one of the three doors to the world (docs/architecture.md). Tests move
// a FakeClock. Rules take `now` as an argument and have no clock at all.
class Clock {
 public:
  virtual ~Clock() = default;
  // The time of day. Thread-safe.
  virtual absl::Time Now() const = 0;
  // Since the machine was switched on, its sleep included. Nobody sets it, so
  // it tells when somebody set the time of day. Thread-safe.
  virtual absl::Duration SinceBoot() const = 0;
};

// The machine's clock. Named only in the two mains and in server/assembly.
const Clock& SystemClock();

}  // namespace tokenvault
