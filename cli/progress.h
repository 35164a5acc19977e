#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/terminal.h"

namespace tokenvault {

// One line of a bar: "Re-wrapping   ████░░░░  512/1 204  (500 rows/s, 2 s
// left)". Pure; `columns` is the width there is, `unit` what is counted.
std::string ProgressLine(absl::string_view label, int64_t done, int64_t total,
                         absl::Duration elapsed, int columns,
                         absl::string_view unit = "rows");

// Shows how far long work is: a bar on a terminal, else a line now and then, so
// that nobody wonders whether it hangs. Shows nothing during the first two
// seconds of work without a terminal.
class Progress {
 public:
  Progress(Terminal& terminal, std::string label, absl::Time start,
           std::string unit = "rows");
  void Show(int64_t done, int64_t total, absl::Time now);
  // Rows a second so far, or nothing when it was too short to tell.
  static std::optional<int64_t> Rate(int64_t done, absl::Duration elapsed);

 private:
  Terminal& terminal_;
  const std::string label_;
  const absl::Time start_;
  const std::string unit_;
  absl::Time next_line_;
};

}  // namespace tokenvault
