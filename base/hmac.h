#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "base/secret.h"

namespace tokenvault {

// HMAC-SHA256 (RFC 2104), 32 raw bytes: what others ask for who check by a
// secret that they share with us. Our own hashes are BLAKE2b
// (crypto/keyed_hash.h).
std::string HmacSha256(const Secret& key, absl::string_view text);

}  // namespace tokenvault
