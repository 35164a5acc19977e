#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/child_process.h"
#include "bench/closed_loop.h"
#include "bench/disk.h"
#include "bench/report.h"

namespace tokenvault {

// A server under load.
struct Contestant {
  const ChildProcess& process;
  ClosedLoop& loop;
};

// Whose turn it is, and where the numbers go.
struct Turn {
  Contestant contestant;
  Measured& measured;
};

// One repetition: loads one server after the other, beginning with the
// `first`th (counted round and round), each with a warm-up and then for
// `report.seconds`. Fails with the first request that fails.
absl::Status InTurns(const std::vector<Turn>& turns, size_t first,
                     int in_flight, Report& report);

// The servers that are reached in one way, and at how many requests in flight.
struct Trio {
  std::string transport;
  std::vector<int> levels;
  Contestant echo;
  Contestant vault;
  Contestant memory;  // the vault with its database in memory
  const SyncCounter& vault_syncs;
};

// Measures all of them into `report.levels`, whose `repetitions` and `seconds`
// say how long. What the machine does meanwhile hits all: each repetition goes
// through all levels, and at each the three take turns in being first. In
// between, the disk under `folder` is measured. Fails with the first request
// that fails.
absl::Status Compare(const std::vector<Trio>& trios, const std::string& folder,
                     Report& report);

}  // namespace tokenvault
