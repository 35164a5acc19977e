#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/finding.h"
#include "bench/machine.h"
#include "bench/sample.h"

namespace tokenvault {

// Of one server at one number of requests in flight: a value a repetition.
struct Measured {
  Sample per_second;
  Sample p50_micros;
  Sample p99_micros;
  Sample cpu_micros;  // of the server, per request
};

struct Level {
  std::string transport;  // "TCP", "Unix socket", "mTLS"
  int in_flight = 0;
  Measured echo;
  Measured vault;
  Measured memory;  // the vault with its database on a tmpfs
  // The vault's requests/s by those of the others, in the same repetition.
  Sample ratio;
  Sample ratio_to_memory;
  Sample syncs_per_request;  // fsync and fdatasync calls of the vault
  Sample sync_p50_micros;    // of the disk in the same repetition
};

struct Report {
  std::string commit;
  std::string date;
  std::string build;  // "Release", or what else CMake calls it
  std::string filesystem;
  std::string mode;  // "quick" or "full"
  Machine before;    // the benchmark's own load is not in this average yet
  int repetitions = 0;
  double seconds = 0;
  Sample sync_micros;
  Sample foreign_cpu;  // percent of the processors that others used, a run each
  std::vector<Level> levels;
  std::vector<Finding> findings;
  // What could not be measured here, or not as it was meant, and why.
  std::vector<std::string> remarks;

  // Whether every number that is no matter of noise is as good as it must be.
  bool GatesHold() const;
  // What the terminal shows.
  std::string Table() const;
  // The same for programs. UNAVAILABLE when it cannot be written.
  absl::Status WriteJson(const std::string& path) const;
};

}  // namespace tokenvault
