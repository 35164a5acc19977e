#pragma once

#include <string>

#include "absl/status/status.h"

namespace tokenvault {

// Whether the system may write memory of this process to a disk: it has swap,
// and the control group that the process is in may use some. Locked memory
// stays out of it in any case; access tokens, of which there may be very many,
// are not in locked memory. `root` is where the kernel's files are, "" for the
// system's.
bool MayBeSwapped(const std::string& root = "");

// OK when it may not. When it may: OK with a warning in the log ("swap.on") if
// `allowed`, else CONFIG_INVALID of server.allow_swap.
absl::Status CheckSwap(bool allowed, const std::string& root = "");

}  // namespace tokenvault
