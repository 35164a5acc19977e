#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "cli/channel.h"
#include "cli/exit_codes.h"
#include "cli/printer.h"
#include "cli/terminal.h"
#include "google/protobuf/message.h"

namespace tokenvault {

// What the process was started with, besides its arguments. Only main() reads
// the environment.
struct Environment {
  std::string socket;       // TOKENVAULT_SOCKET
  std::string address;      // TOKENVAULT_ADDRESS
  std::string format;       // TOKENVAULT_FORMAT
  std::string runtime_dir;  // XDG_RUNTIME_DIR
  bool no_color = false;    // NO_COLOR
};

// Where the admin socket is: as `flag` says, or the environment, or in the
// person's own runtime folder if one is there, or in the system's.
std::string AdminSocketPath(absl::string_view flag, const Environment& env);

// What every command works with. A command is a function that takes a Session
// and its own options, prints, and returns the exit code.
class Session {
 public:
  Session(Terminal& terminal, const Clock& clock, Format format,
          std::string socket_path);

  Terminal& terminal() { return terminal_; }
  Format format() const { return format_; }
  absl::Time now() const { return clock_.Now(); }
  const Clock& clock() const { return clock_; }
  // The admin socket of the daemon.
  Channel& daemon();

  // Prints the message when a program is to read it; false when people are.
  bool PrintedFor(const google::protobuf::Message& message);
  // The same for one of a row of messages: an object a line in JSON, a document
  // each in YAML.
  bool PrintedOneFor(const google::protobuf::Message& message);

  // Says what went wrong and returns the exit code for it. The hint is that of
  // the reason, unless another is given.
  int Fail(const absl::Status& fault, FaultOrigin origin = FaultOrigin::kServer,
           absl::string_view hint = "");
  // The same for a mistake in the arguments.
  int FailUsage(absl::string_view sentence, absl::string_view hint = "");

  // Warns, and asks for `words` to be typed: whether they were. Errors of
  // Terminal::Ask.
  absl::StatusOr<bool> Confirmed(absl::string_view warning,
                                 absl::string_view words);

 private:
  Terminal& terminal_;
  const Clock& clock_;
  const Format format_;
  const std::string socket_path_;
  std::unique_ptr<Channel> daemon_;
};

}  // namespace tokenvault
