#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tokenvault {

struct CommandResult {
  std::string out;
  std::string err;
  int exit_code = -1;
};

// Runs a line of shell with the built `tokenvault` first on the PATH, and no
// environment but `env`. Stdin is empty and no stream is a terminal.
CommandResult RunShell(const std::string& line, const std::string& folder,
                       const std::map<std::string, std::string>& env);

// Runs `tokenvault` with all streams on one terminal. `on_text` sees all that
// it wrote so far, each time there is more; what it returns is typed. It gets
// the process id for signals.
CommandResult RunOnTerminal(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& env,
    const std::function<std::string(const std::string& text, int pid)>&
        on_text);

}  // namespace tokenvault
