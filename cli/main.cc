#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/commands.h"
#include "crypto/random.h"

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  tokenvault::Environment env;
  env.socket = Variable("TOKENVAULT_SOCKET");
  env.address = Variable("TOKENVAULT_ADDRESS");
  env.format = Variable("TOKENVAULT_FORMAT");
  env.runtime_dir = Variable("XDG_RUNTIME_DIR");
  env.no_color = !Variable("NO_COLOR").empty() || Variable("TERM") == "dumb";
  tokenvault::Terminal terminal(
      tokenvault::Terminal::SystemStreams(env.no_color));
  if (absl::Status status = tokenvault::InitCrypto(); !status.ok()) {
    terminal.Complain(status.message());
    return tokenvault::kExitLocalMistake;
  }
  tokenvault::CatchInterrupts();
  return tokenvault::RunCommandLine(
      std::vector<std::string>(argv + 1, argv + argc), env, terminal,
      tokenvault::SystemClock());
}
