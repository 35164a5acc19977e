#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/report.h"

namespace tokenvault {

// What every scenario is given: the programs to run and how long to look.
struct Setting {
  std::string daemon;        // tokenvaultd
  std::string count_syncs;   // the library of count_syncs.cc
  std::string audit_verify;  // tokenvault-audit-verify
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

// B8: what the size of the vault adds to the first request for a person.
absl::Status MeasureMisses(const Setting& setting, Report& report);

// B10: many callers at once for one token that must be fetched first.
absl::Status MeasureStorms(const Setting& setting, Report& report);

// B11: every request is a refresh, beside plain HTTP to the same provider.
absl::Status MeasureRefreshes(const Setting& setting, Report& report);

// B12: cached tokens while others wait for a slow provider.
absl::Status MeasureMixed(const Setting& setting, Report& report);

// B15: a daemon that is killed, and how fast its log is checked.
absl::Status MeasureKills(const Setting& setting, Report& report);
absl::Status MeasureLogCheck(const Setting& setting, Report& report);

// B16: minutes of steady load.
absl::Status MeasureSoak(const Setting& setting, Report& report);

// B19: a disk that stands still for two seconds.
absl::Status MeasureStall(const Setting& setting, Report& report);

// B20: oidc-agent with the same provider, where it is installed.
absl::Status MeasureOidcAgent(const Setting& setting, Report& report);

}  // namespace tokenvault
