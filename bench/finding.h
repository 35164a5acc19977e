#pragma once

#include <optional>
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
  // What fails the run, where something does: the floor itself of what is
  // counted, and far behind it for what depends on the machine.
  std::optional<double> gate = std::nullopt;

  bool Met() const { return Within(floor); }
  bool Holds() const { return !gate.has_value() || Within(*gate); }

 private:
  bool Within(double limit) const {
    return aim == Aim::kNone ||
           (aim == Aim::kAtLeast ? value.Median() >= limit
                                 : value.Median() <= limit);
  }
};

}  // namespace tokenvault
