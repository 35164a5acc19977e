#pragma once

#include <string>

#include "cli/passphrase.h"
#include "cli/session.h"

namespace tokenvault {

// `tokenvault seal` and `unseal`.

struct SealOptions {
  bool yes = false;
};
int RunSeal(Session& session, const SealOptions& options);

struct UnsealOptions {
  std::string source;  // "hsm"; "": the first that opens
  PassphraseOptions passphrase;
};
int RunUnseal(Session& session, const UnsealOptions& options);

}  // namespace tokenvault
