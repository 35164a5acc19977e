#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/session.h"
#include "cli/terminal.h"

namespace tokenvault {

// Reads the command line, runs the one command it names, returns the exit code
// (cli/exit_codes.h). `arguments` without the program's name.
int RunCommandLine(std::vector<std::string> arguments, const Environment& env,
                   Terminal& terminal, const Clock& clock);

}  // namespace tokenvault
