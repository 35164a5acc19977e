#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "cli/terminal.h"

namespace tokenvault {

// A passphrase from a descriptor, without the line break at its end.
// FIELD_INVALID, naming `flag`, when it cannot be read, is empty or is longer
// than 1 KiB.
absl::StatusOr<Secret> ReadPassphrase(absl::string_view flag, int descriptor);

// Where a passphrase comes from besides the terminal.
struct PassphraseOptions {
  std::string file;
  int descriptor = -1;
};
// As the options say; or, without one, what is typed without echo at `prompt`.
// Nothing when it is to be typed and there is no terminal. FIELD_INVALID;
// CANCELLED when interrupted.
absl::StatusOr<std::optional<Secret>> FindPassphrase(
    Terminal& terminal, const PassphraseOptions& options,
    absl::string_view prompt);

// Asks for a new one twice, without echo. FIELD_INVALID when the two differ or
// nobody answers; CANCELLED when interrupted.
absl::StatusOr<Secret> AskNewPassphrase(Terminal& terminal);

}  // namespace tokenvault
