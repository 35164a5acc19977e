#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// What the process says to its caller. Scripts depend on these numbers: they
// are never given another meaning. `tokenvault help exit-codes` prints them.
enum ExitCode {
  kExitDone = 0,
  kExitLocalMistake = 1,
  kExitServerSaidNo = 2,
  kExitPersonMustAct = 3,
  kExitNotPermitted = 4,
  kExitSealed = 5,
  kExitCheckFailed = 6,
  kExitInterrupted = 130,
};

// Who found the fault: what this command read and wrote itself, or a daemon.
enum class FaultOrigin { kHere, kServer };

// The exit code for a fault, from its reason, else from its code.
ExitCode ExitCodeOf(const absl::Status& fault, FaultOrigin origin);

// What to do about a fault of that reason, in lower case without a full stop;
// "" when nothing better can be said than the fault's own sentence.
std::string HintOf(absl::string_view reason);

// The reasons that are known to have no hint. Every reason of base/errors.cc is
// either here or has a hint: a test sees to it.
const std::vector<std::string>& ReasonsWithoutHint();

// The text of `tokenvault help exit-codes`.
std::string ExitCodeHelp();

}  // namespace tokenvault
