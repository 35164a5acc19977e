#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"

namespace tokenvault {

enum class Color { kNone, kGreen, kYellow, kRed, kBold, kFaint };

// The three streams of the process, and whether people sit behind them.
//
// Rules of speech: results go to stdout, everything else to stderr. Faults and
// notes are one sentence in lower case without a full stop, with the prefix
// "tokenvault: "; a hint may follow. Colours only where stdout is a terminal
// and NO_COLOR is not set. Whatever is printed was sanitized by its caller
// (cli/plain_text.h) unless this class says that it does so itself.
//
// Thread-compatible.
class Terminal {
 public:
  struct Streams {
    FILE* out = stdout;
    FILE* err = stderr;
    int in = 0;  // a file descriptor: prompts read no further than they must
    bool in_is_terminal = false;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    bool color = false;
    int columns = 80;
  };

  // The process's own streams.
  static Streams SystemStreams(bool no_color);

  explicit Terminal(Streams streams) : streams_(streams) {}

  bool in_is_terminal() const { return streams_.in_is_terminal; }
  bool out_is_terminal() const { return streams_.out_is_terminal; }
  bool err_is_terminal() const { return streams_.err_is_terminal; }
  int columns() const { return streams_.columns; }

  // To stdout, as it is, at once. False when nobody reads it any more.
  bool Print(absl::string_view text);
  // To stderr, with a newline. Sanitizes.
  void Note(absl::string_view line);
  // "tokenvault: <sentence>" and "hint: <hint>" to stderr. Sanitizes.
  void Complain(absl::string_view sentence, absl::string_view hint = "");
  // Writes over the last line of stderr, which must be a terminal; the next
  // text there starts on that line again. Sanitizes.
  void Overwrite(absl::string_view line);

  // The text between the codes of a colour, where there are colours.
  std::string Paint(Color color, absl::string_view text) const;

  // Shows `prompt` on stderr and reads a line from stdin; nothing at its end.
  // CANCELLED when interrupted.
  absl::StatusOr<std::optional<std::string>> Ask(absl::string_view prompt);
  // The same without echo. The echo comes back however this ends.
  absl::StatusOr<std::optional<Secret>> AskSecret(absl::string_view prompt);

 private:
  void ClearOverwritten();

  const Streams streams_;
  bool overwritten_ = false;
};

// Ctrl-C and SIGTERM are noted, not obeyed at once, so that whoever is at work
// can end it well. A second one ends the process.
void CatchInterrupts();
// Whether one was noted since.
bool Interrupted();
// Forgets it, for the last call of a command that ends itself well.
void ForgetInterrupt();
// Sleeps, but no longer than until one is noted.
void SleepUnlessInterrupted(absl::Duration length);

}  // namespace tokenvault
