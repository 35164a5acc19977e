#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "base/secret.h"

namespace tokenvault {

// Proof Key for Code Exchange (RFC 7636), S256 only.
struct Pkce {
  Secret verifier;        // stays with us until the code is redeemed
  std::string challenge;  // goes with the browser
};

// `entropy32`: 32 fresh random bytes. Whoever calls has them from
// crypto/random.h; this floor has no randomness of its own.
Pkce NewPkce(absl::string_view entropy32);

// BASE64URL(SHA256(verifier)).
std::string PkceChallenge(absl::string_view verifier);

}  // namespace tokenvault
