#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

// Bytes and names nobody can guess, from the kernel's generator by libsodium.
// All of it is thread-safe, and cannot fail once InitCrypto() has returned ok.
namespace tokenvault {

// Makes libsodium ready. Each main calls it once, before any other thread and
// before anything of this floor. INTERNAL when there is no randomness.
absl::Status InitCrypto();

// `size` uniformly random bytes.
std::string RandomBytes(size_t size);

// 32 random bytes as 43 characters of base64url: `state`, cookies, links. We
// keep only a keyed hash of it (crypto/keyed_hash.h).
std::string RandomToken();

// A ULID in lower case: 26 characters of Crockford's base32 that sort by the
// millisecond of `now` and carry 80 random bits. A name, not a secret.
std::string NewUlid(absl::Time now);

// "WDJB-MJHT": eight letters of RFC 8628's twenty consonants, for people to
// compare on two screens. About 34 bits: a check for the eye, not a secret.
std::string NewUserCode();

}  // namespace tokenvault
