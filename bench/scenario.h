#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/report.h"

namespace tokenvault {

// What every scenario is given: the programs to run and how long to look.
struct Setting {
  std::string daemon;       // tokenvaultd
  std::string count_syncs;  // the library of count_syncs.cc
  bool full = false;
  int repetitions = 0;
  double seconds = 0;      // of one measurement
  std::vector<int> sizes;  // people of the vaults of B9, the smallest first
};

// A question the benchmark answers, under the number it has in README.md. Each
// makes its own vault, starts its own servers, leaves nothing behind, and adds
// its numbers to the report. An answer that is none ends it with an error: a
// fast wrong answer is no result.
struct Scenario {
  const char* ids;  // "B1 B2"
  const char* about;
  bool quick;  // part of --quick too
  absl::Status (*run)(const Setting& setting, Report& report);
};

// B1, B2, B4, B5, B7: the rate, the processor time and the syncs of cached
// tokens beside a bare echo, and beside the same vault in memory.
absl::Status MeasureIssuing(const Setting& setting, Report& report);
// B3, B6: the same beside what could be written by hand.
absl::Status MeasureHandMade(const Setting& setting, Report& report);
// B9: memory, start and rate of vaults of many people.
absl::Status MeasureSizes(const Setting& setting, Report& report);
// B14: refusals beside tokens.
absl::Status MeasureDenials(const Setting& setting, Report& report);

}  // namespace tokenvault
