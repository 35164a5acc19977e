#pragma once

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "cli/terminal.h"

namespace tokenvault {

// A passphrase from a descriptor, without the line break at its end.
// FIELD_INVALID, naming `flag`, when it cannot be read, is empty or is longer
// than 1 KiB.
absl::StatusOr<Secret> ReadPassphrase(absl::string_view flag, int descriptor);

// Asks for a new one twice, without echo. FIELD_INVALID when the two differ or
// nobody answers; CANCELLED when interrupted.
absl::StatusOr<Secret> AskNewPassphrase(Terminal& terminal);

}  // namespace tokenvault
