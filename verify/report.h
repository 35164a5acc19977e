#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// What a check of the log came to.
namespace tokenvault {

// UTC, to the second: "2026-11-28T10:00:00Z".
std::string TimeText(absl::Time time);

// Text that others wrote, such as a name in an export, for a terminal: what is
// not printable ASCII becomes "?", and it ends after 200 characters.
std::string Printable(absl::string_view text);

// Something that is not as it must be. `problem` is a sentence of ours.
struct Fault {
  std::string file;
  uint64_t line = 0;   // 0 when it is of no line
  uint64_t first = 0;  // the leaves it may be in; 0 when it is in none
  uint64_t last = 0;
  std::string problem;
};

// How far somebody who is not the vault vouches.
struct Vouched {
  std::string by;
  uint64_t size = 0;                     // the first so many leaves
  absl::Time at = absl::InfinitePast();  // or unknown: InfinitePast
};

// Leaves of which the same can be said.
struct LeafRange {
  enum class State { kWitnessed, kSigned, kUnsigned, kDamaged };
  uint64_t first = 0;
  uint64_t last = 0;
  State state = State::kUnsigned;
  std::vector<Vouched> witnesses;
};

struct Report {
  // So many are kept; more are counted.
  static constexpr size_t kMostFaults = 1000;

  std::string origin;
  std::string key;
  bool key_was_given = false;
  uint64_t files = 0;
  uint64_t leaves = 0;
  uint64_t checkpoints = 0;  // that the key signed
  uint64_t kept = 0;         // checkpoints of this log that somebody else kept
  uint64_t kept_before = 0;  // of those, how many are of before the first leaf
  std::vector<LeafRange> ranges;
  std::vector<Fault> faults;
  uint64_t more_faults = 0;

  bool ok() const { return faults.empty(); }
  void Add(Fault fault);
  // Joins it to the last one where that says the same.
  void Add(LeafRange range);

  // What no check of a file can find out, as far as it applies here.
  std::vector<std::string> CannotSee() const;
  std::string ToText() const;
  std::string ToJson() const;
};

}  // namespace tokenvault
