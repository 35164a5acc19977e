#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/secret.h"

namespace tokenvault {

// Where the vault's passphrase comes from at start: a line of `fd`, or, when
// that is negative, of the terminal, typed without echo. Null when there is
// neither. ROOT_KEY_INVALID when nothing comes, or more than 1 KiB.
absl::AnyInvocable<absl::StatusOr<Secret>()> PassphraseSource(int fd);

}  // namespace tokenvault
