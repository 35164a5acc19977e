#pragma once

#include <string>

#include "bench/sample.h"

namespace tokenvault {

// One number of a scenario, a value a repetition, and what is aimed for.
struct Finding {
  enum class Aim { kNone, kAtLeast, kAtMost };

  std::string scenario;  // "B3"
  std::string what;      // "requests/s by those of one commit a request"
  std::string where;     // "TCP, 64 in flight"
  std::string unit;      // "ratio", "µs", "syncs/request"
  Sample value;
  Aim aim = Aim::kNone;
  double floor = 0;  // for the median
  // Such a number does not depend on what else the machine does: the run fails
  // when it misses its floor.
  bool gate = false;

  bool Met() const {
    return aim == Aim::kNone ||
           (aim == Aim::kAtLeast ? value.Median() >= floor
                                 : value.Median() <= floor);
  }
};

}  // namespace tokenvault
