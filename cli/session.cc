#include "cli/session.h"

#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr char kSystemSocket[] = "/run/tokenvault/admin.sock";

}  // namespace

std::string AdminSocketPath(absl::string_view flag, const Environment& env) {
  if (flag.empty()) flag = env.socket;
  if (!flag.empty()) return std::string(absl::StripPrefix(flag, "unix:"));
  if (!env.runtime_dir.empty()) {
    std::string own = absl::StrCat(env.runtime_dir, "/tokenvault/admin.sock");
    if (access(own.c_str(), F_OK) == 0) return own;
  }
  return kSystemSocket;
}

Session::Session(Terminal& terminal, const Clock& clock, Format format,
                 std::string socket_path)
    : terminal_(terminal),
      clock_(clock),
      format_(format),
      socket_path_(std::move(socket_path)) {}

Channel& Session::daemon() {
  if (daemon_ == nullptr) {
    daemon_ = std::make_unique<Channel>(absl::StrCat("unix:", socket_path_),
                                        grpc::InsecureChannelCredentials(), "",
                                        clock_);
  }
  return *daemon_;
}

bool Session::PrintedFor(const google::protobuf::Message& message) {
  switch (format_) {
    case Format::kTable:
      return false;
    case Format::kJson:
      terminal_.Print(ToJson(message));
      return true;
    case Format::kYaml:
      terminal_.Print(ToYaml(message));
      return true;
  }
  return false;
}

bool Session::PrintedOneFor(const google::protobuf::Message& message) {
  if (format_ == Format::kYaml) terminal_.Print("---\n");
  return PrintedFor(message);
}

int Session::Fail(const absl::Status& fault, FaultOrigin origin,
                  absl::string_view hint) {
  const ExitCode code = ExitCodeOf(fault, origin);
  if (code == kExitInterrupted) {
    terminal_.Complain("interrupted", hint);
    return code;
  }
  const std::string known = HintOf(ReasonOf(fault));
  terminal_.Complain(fault.message(), hint.empty() ? known : hint);
  return code;
}

int Session::FailUsage(absl::string_view sentence, absl::string_view hint) {
  terminal_.Complain(sentence, hint);
  return kExitLocalMistake;
}

absl::StatusOr<bool> Session::Confirmed(absl::string_view warning,
                                        absl::string_view words) {
  terminal_.Note(warning);
  const char* quote = absl::StrContains(words, ' ') ? "\"" : "";
  auto typed =
      terminal_.Ask(absl::StrCat("Type ", quote, words, quote, " to go on: "));
  if (!typed.ok()) return typed.status();
  return typed->has_value() && absl::StripAsciiWhitespace(**typed) == words;
}

}  // namespace tokenvault
