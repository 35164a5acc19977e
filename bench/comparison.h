#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
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

// Measures both into `report.levels`, whose `repetitions` and `seconds` say how
// long. What the machine does meanwhile hits both: each repetition goes through
// all levels, and at each the two take turns in being first. In between, the
// disk under `folder` is measured. Fails with the first request that fails.
absl::Status Compare(Contestant echo, Contestant vault,
                     const SyncCounter& vault_syncs, const std::string& folder,
                     Report& report);

}  // namespace tokenvault
