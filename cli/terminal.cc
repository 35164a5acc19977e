#include "cli/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/plain_text.h"

namespace tokenvault {
namespace {

constexpr char kClearLine[] = "\r\x1b[K";
constexpr size_t kLongestLine = 4096;

volatile sig_atomic_t interrupted = 0;
// Written to once by the signal handler, so that a sleep ends at once.
int interrupt_pipe[2] = {-1, -1};

void OnInterrupt(int) {
  const int saved = errno;
  interrupted = 1;
  const char byte = 0;
  if (write(interrupt_pipe[1], &byte, 1) < 0) {
    // Only the sleep is longer for it.
  }
  errno = saved;
}

bool Write(FILE* stream, absl::string_view text) {
  return fwrite(text.data(), 1, text.size(), stream) == text.size() &&
         fflush(stream) == 0;
}

const char* CodeOf(Color color) {
  switch (color) {
    case Color::kNone:
      return "";
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kRed:
      return "\x1b[31m";
    case Color::kBold:
      return "\x1b[1m";
    case Color::kFaint:
      return "\x1b[2m";
  }
  return "";
}

// Switches the echo of a terminal off for its own life.
class WithoutEcho {
 public:
  explicit WithoutEcho(int descriptor) : descriptor_(descriptor) {
    changed_ = tcgetattr(descriptor_, &before_) == 0;
    if (!changed_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    tcsetattr(descriptor_, TCSAFLUSH, &quiet);
  }
  ~WithoutEcho() {
    if (changed_) tcsetattr(descriptor_, TCSAFLUSH, &before_);
  }
  WithoutEcho(const WithoutEcho&) = delete;
  WithoutEcho& operator=(const WithoutEcho&) = delete;

 private:
  const int descriptor_;
  bool changed_ = false;
  termios before_ = {};
};

// One line, byte by byte, so that what follows stays for the next reader. The
// buffer is never regrown, so that no copy of a secret stays behind.
absl::StatusOr<std::optional<std::string>> ReadLine(int descriptor) {
  std::string line;
  line.reserve(kLongestLine);
  while (line.size() < kLongestLine) {
    // Waits for the pipe too: a Ctrl-C just before a read would not end it.
    pollfd waiters[] = {{descriptor, POLLIN, 0},
                        {interrupt_pipe[0], POLLIN, 0}};
    poll(waiters, interrupt_pipe[0] < 0 ? 1 : 2, -1);
    if (Interrupted()) {
      WipeString(line);
      return absl::CancelledError("interrupted");
    }
    char byte = 0;
    const ssize_t got = read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (line.empty()) return std::optional<std::string>();
      break;
    }
    if (byte == '\n') break;
    line += byte;
  }
  return std::optional<std::string>(std::move(line));
}

}  // namespace

Terminal::Streams Terminal::SystemStreams(bool no_color) {
  Streams streams;
  streams.in = STDIN_FILENO;
  streams.in_is_terminal = isatty(STDIN_FILENO) == 1;
  streams.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  streams.err_is_terminal = isatty(STDERR_FILENO) == 1;
  streams.color = streams.out_is_terminal && !no_color;
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    streams.columns = size.ws_col;
  }
  return streams;
}

bool Terminal::Print(absl::string_view text) {
  ClearOverwritten();
  return Write(streams_.out, text);
}

void Terminal::Note(absl::string_view line) {
  ClearOverwritten();
  Write(streams_.err, absl::StrCat(SanitizeText(line), "\n"));
}

void Terminal::Complain(absl::string_view sentence, absl::string_view hint) {
  Note(absl::StrCat("tokenvault: ", absl::StripSuffix(sentence, ".")));
  if (!hint.empty()) Note(absl::StrCat("hint: ", hint));
}

void Terminal::Overwrite(absl::string_view line) {
  Write(streams_.err, absl::StrCat(kClearLine, SanitizeLine(line)));
  overwritten_ = true;
}

void Terminal::ClearOverwritten() {
  if (!overwritten_) return;
  overwritten_ = false;
  Write(streams_.err, kClearLine);
}

std::string Terminal::Paint(Color color, absl::string_view text) const {
  if (!streams_.color || color == Color::kNone || text.empty()) {
    return std::string(text);
  }
  return absl::StrCat(CodeOf(color), text, "\x1b[0m");
}

absl::StatusOr<std::optional<std::string>> Terminal::Ask(
    absl::string_view prompt) {
  ClearOverwritten();
  Write(streams_.err, SanitizeText(prompt));
  return ReadLine(streams_.in);
}

absl::StatusOr<std::optional<Secret>> Terminal::AskSecret(
    absl::string_view prompt) {
  ClearOverwritten();
  Write(streams_.err, SanitizeText(prompt));
  absl::StatusOr<std::optional<std::string>> line;
  {
    WithoutEcho quiet(streams_.in);
    line = ReadLine(streams_.in);
  }
  if (!line.ok()) return line.status();
  if (!line->has_value()) return std::optional<Secret>();
  return std::optional<Secret>(Secret(std::move(**line)));
}

void CatchInterrupts() {
  if (pipe(interrupt_pipe) != 0) return;
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  // No SA_RESTART: a prompt must end. Once only: the second signal kills.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

void ForgetInterrupt() { interrupted = 0; }

void SleepUnlessInterrupted(absl::Duration length) {
  if (Interrupted()) return;
  pollfd waiter = {interrupt_pipe[0], POLLIN, 0};
  poll(&waiter, interrupt_pipe[0] < 0 ? 0 : 1,
       static_cast<int>(
           std::min<int64_t>(absl::ToInt64Milliseconds(length), 1 << 30)));
}

}  // namespace tokenvault
