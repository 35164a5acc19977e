#pragma once

#include <sys/types.h>

#include "absl/status/statusor.h"

namespace tokenvault {

// The memory of a process that is in RAM now, in bytes. UNAVAILABLE when the
// system does not say.
absl::StatusOr<double> ResidentBytes(pid_t pid);

}  // namespace tokenvault
