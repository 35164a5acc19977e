#pragma once

#include "absl/strings/string_view.h"
#include "oauth/jwks.h"

namespace tokenvault {

// Whether `signature`, in the form of RFC 7518 and 8037, is the key's over
// `signed_text`, by the key's own algorithm. Thread-safe.
bool VerifySignature(const Jwk& jwk, absl::string_view signed_text,
                     absl::string_view signature);

}  // namespace tokenvault
