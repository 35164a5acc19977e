#pragma once

#include <string>

#include "absl/time/time.h"

namespace tokenvault {

// Where a benchmark ran: without it, its numbers mean nothing.
struct Machine {
  std::string cpu;
  int cores = 0;
  std::string kernel;
  std::string load_average;  // of the last 1, 5 and 15 minutes
};
Machine ThisMachine();

// The time that all processors have spent on anything at all since boot.
absl::Duration BusyTime();

}  // namespace tokenvault
