#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "verify/log_checker.h"
#include "verify/report.h"

namespace tokenvault {

// Told now and then, with how many leaves were read so far.
using CheckProgress = absl::FunctionRef<void(uint64_t leaves)>;

// Reads exports that follow one another, "-" for standard input, as one log,
// into `report`. FIELD_INVALID on "export": a file cannot be read. What is
// wrong in a file is a fault in the report, not an error.
absl::Status CheckExports(const std::vector<std::string>& paths,
                          const Trust& trust, CheckProgress progress,
                          Report& report);

// The same of one export that is in memory.
void CheckExportText(absl::string_view text, const Trust& trust,
                     Report& report);

}  // namespace tokenvault
