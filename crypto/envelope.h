#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "crypto/seal_context.h"
#include "crypto/secret_arena.h"

// TKV1, the one form in which anything secret is kept.
//
//   offset  length
//        0       4  "TKV1"
//        4       1  object: 01 record, 02 wrapped DEK, 03 wrapped KEK,
//                   04 backup key
//        5       1  suite: 01 XChaCha20-Poly1305 with a BLAKE2b commitment
//        6       2  flags: 0
//        8       4  version of the parent key, big-endian
//       12      16  id of the parent key
//       28      24  nonce, random
//       52      32  commitment to key, nonce and context
//       84       4  n, big-endian: bytes that follow; 16 + a multiple of 256
//       88       n  ciphertext and its 16-byte tag
//
// docs/sealed-format.md has the rest, and a known answer. This must not change:
// everything ever sealed would stop opening.
//
// Most callers want crypto/sealer.h, crypto/key_ring.h or crypto/root_key.h,
// which know the parent key and the context. All of it is thread-safe.
namespace tokenvault {

inline constexpr size_t kKeyIdSize = 16;
// One byte less than 257 blocks of padding.
inline constexpr size_t kMaxSealedPlaintext = 65791;

// What seals and opens. The key is the caller's, and outlives the call.
struct ParentKey {
  const ArenaKey* key = nullptr;
  std::string key_id;  // 16 bytes
  uint32_t version = 0;
};

struct EnvelopeHeader {
  SealedObject object = SealedObject::kRecord;
  uint8_t suite = 0;
  uint32_t key_version = 0;
  std::string key_id;  // 16 bytes
};

// Seals with a fresh random nonce. `context` must be one for `object`. INTERNAL
// for a caller's mistake: another kind of context, an id that is not 16 bytes,
// a plaintext above kMaxSealedPlaintext.
absl::StatusOr<std::string> SealEnvelope(SealedObject object,
                                         const ParentKey& parent,
                                         const SealContext& context,
                                         absl::string_view plaintext);

// The plaintext, if the envelope was sealed as this object, under this key, in
// this context. SEAL_BROKEN for everything else; why is not said.
absl::StatusOr<Secret> OpenEnvelope(SealedObject object,
                                    const ParentKey& parent,
                                    const SealContext& context,
                                    absl::string_view envelope);

// Which key an envelope asks for. It reads and proves nothing: only opening
// tells whether the header is true. SEAL_BROKEN unless the envelope has exactly
// the form above.
absl::StatusOr<EnvelopeHeader> ParseEnvelopeHeader(absl::string_view envelope);

// The 32 bytes by which an envelope differs from every other; "" for what is
// shorter than an envelope.
absl::string_view EnvelopeCommitment(absl::string_view envelope);

}  // namespace tokenvault
