#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tokenvault {

// The kernel's copy of a file in memory: writes the file to the disk, then asks
// for its pages to be let go. Nothing is done about other files, what a process
// has read into its own memory, or the caches of the disk itself. OK when there
// is no such file. UNAVAILABLE when the system refuses.
absl::Status DropFromPageCache(const std::string& path);

// How much of the file the kernel holds in memory: 0 to 1. UNAVAILABLE when it
// does not say.
absl::StatusOr<double> ShareInPageCache(const std::string& path);

}  // namespace tokenvault
