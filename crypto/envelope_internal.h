#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/envelope.h"

// The parts of TKV1 that only its own tests may see: a known answer needs a
// known nonce. Nobody else includes this file. A nonce that is used twice gives
// two envelopes away, so the public functions take none.
namespace tokenvault::envelope_internal {

inline constexpr size_t kNonceSize = 24;
inline constexpr size_t kCommitmentSize = 32;

// What one envelope is sealed with; wiped when it goes.
struct OneTimeKeys {
  OneTimeKeys() = default;
  ~OneTimeKeys();
  OneTimeKeys(const OneTimeKeys&) = delete;
  OneTimeKeys& operator=(const OneTimeKeys&) = delete;

  absl::string_view encryption_key() const { return {bytes, kKeySize}; }
  absl::string_view commitment() const {
    return {bytes + kKeySize, kCommitmentSize};
  }

  char bytes[kKeySize + kCommitmentSize] = {};
};

// `beginning` is the envelope up to the commitment, nonce included.
void DeriveKeys(const ArenaKey& parent, absl::string_view beginning,
                absl::string_view context_digest, OneTimeKeys& keys);

// SealEnvelope with a nonce of 24 bytes.
absl::StatusOr<std::string> SealWithNonce(SealedObject object,
                                          const ParentKey& parent,
                                          const SealContext& context,
                                          absl::string_view plaintext,
                                          absl::string_view nonce);

}  // namespace tokenvault::envelope_internal
