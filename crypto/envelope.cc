#include "crypto/envelope.h"

#include <sodium.h>

#include <cstring>

#include "base/errors.h"
#include "crypto/big_endian.h"
#include "crypto/bytes.h"
#include "crypto/envelope_internal.h"
#include "crypto/random.h"

namespace tokenvault {
namespace {

using envelope_internal::DeriveKeys;
using envelope_internal::kCommitmentSize;
using envelope_internal::kNonceSize;
using envelope_internal::OneTimeKeys;

constexpr absl::string_view kMagic = "TKV1";
constexpr uint8_t kSuite = 1;
constexpr size_t kObjectAt = 4;
constexpr size_t kSuiteAt = 5;
constexpr size_t kFlagsAt = 6;
constexpr size_t kVersionAt = 8;
constexpr size_t kKeyIdAt = 12;
constexpr size_t kNonceAt = 28;
constexpr size_t kCommitmentAt = 52;
constexpr size_t kLengthAt = 84;
constexpr size_t kHeaderSize = 88;

constexpr size_t kBlock = 256;
constexpr size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kMaxPadded = kMaxSealedPlaintext + 1;

// The last byte is the literal's own NUL.
constexpr char kKdfPurpose[] = "TKV1/kdf+commit";
static_assert(sizeof(kKdfPurpose) == crypto_generichash_blake2b_PERSONALBYTES);

static_assert(kNonceSize == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kKeySize == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kMaxPadded % kBlock == 0);

bool IsKnownObject(uint8_t object) { return object >= 1 && object <= 4; }

// Everything before the commitment.
std::string Beginning(SealedObject object, const ParentKey& parent,
                      absl::string_view nonce) {
  std::string bytes(kMagic.data(), kMagic.size());
  bytes.push_back(static_cast<char>(object));
  bytes.push_back(static_cast<char>(kSuite));
  AppendBigEndian(bytes, uint16_t{0});  // flags
  AppendBigEndian(bytes, parent.version);
  bytes.append(parent.key_id);
  bytes.append(nonce.data(), nonce.size());
  return bytes;
}

// What the AEAD authenticates beside the ciphertext: header ‖ ad.
std::string AssociatedData(absl::string_view header,
                           absl::string_view context_digest) {
  std::string data(header.data(), header.size());
  data.append(context_digest.data(), context_digest.size());
  return data;
}

// The plaintext, 0x80, and zeros up to whole blocks.
Secret Pad(absl::string_view plaintext) {
  Secret padded = Secret::OfSize((plaintext.size() / kBlock + 1) * kBlock);
  if (!plaintext.empty()) {
    std::memcpy(padded.mutable_data(), plaintext.data(), plaintext.size());
  }
  size_t padded_size = 0;
  // Cannot fail: the buffer has room for the padding, by the line above.
  (void)sodium_pad(&padded_size, Bytes(padded), plaintext.size(), kBlock,
                   padded.size());
  return padded;
}

}  // namespace

namespace envelope_internal {

OneTimeKeys::~OneTimeKeys() { sodium_memzero(bytes, sizeof(bytes)); }

void DeriveKeys(const ArenaKey& parent, absl::string_view beginning,
                absl::string_view context_digest, OneTimeKeys& keys) {
  const std::string input = AssociatedData(beginning, context_digest);
  const absl::string_view key = parent.view();
  crypto_generichash_blake2b_salt_personal(
      reinterpret_cast<unsigned char*>(keys.bytes), sizeof(keys.bytes),
      Bytes(input), input.size(), Bytes(key), key.size(), nullptr,
      Bytes(absl::string_view(kKdfPurpose)));
}

absl::StatusOr<std::string> SealWithNonce(SealedObject object,
                                          const ParentKey& parent,
                                          const SealContext& context,
                                          absl::string_view plaintext,
                                          absl::string_view nonce) {
  if (context.object() != object) {
    return errors::Internal("sealing in the context of another object");
  }
  if (parent.key == nullptr || parent.key->view().size() != kKeySize ||
      parent.key_id.size() != kKeyIdSize) {
    return errors::Internal("sealing without a key and its id of 16 bytes");
  }
  if (nonce.size() != kNonceSize)
    return errors::Internal("a nonce has 24 bytes");
  if (plaintext.size() > kMaxSealedPlaintext) {
    return errors::Internal("what is to be sealed is too large");
  }

  std::string envelope = Beginning(object, parent, nonce);
  const std::string context_digest = context.Digest();
  OneTimeKeys keys;
  DeriveKeys(*parent.key, envelope, context_digest, keys);
  envelope.append(keys.commitment().data(), keys.commitment().size());

  const Secret padded = Pad(plaintext);
  AppendBigEndian(envelope, static_cast<uint32_t>(padded.size() + kTag));
  const std::string associated = AssociatedData(envelope, context_digest);

  envelope.resize(kHeaderSize + padded.size() + kTag);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      Bytes(envelope) + kHeaderSize, nullptr, Bytes(padded.Reveal()),
      padded.size(), Bytes(associated), associated.size(), nullptr,
      Bytes(nonce), Bytes(keys.encryption_key()));
  return envelope;
}

}  // namespace envelope_internal

absl::StatusOr<std::string> SealEnvelope(SealedObject object,
                                         const ParentKey& parent,
                                         const SealContext& context,
                                         absl::string_view plaintext) {
  return envelope_internal::SealWithNonce(object, parent, context, plaintext,
                                          RandomBytes(kNonceSize));
}

absl::StatusOr<Secret> OpenEnvelope(SealedObject object,
                                    const ParentKey& parent,
                                    const SealContext& context,
                                    absl::string_view envelope) {
  absl::StatusOr<EnvelopeHeader> header = ParseEnvelopeHeader(envelope);
  if (!header.ok() || header->object != object || context.object() != object ||
      header->key_version != parent.version ||
      header->key_id != parent.key_id || parent.key == nullptr ||
      parent.key->view().size() != kKeySize) {
    return errors::SealBroken();
  }

  // The commitment first: XChaCha20-Poly1305 alone can be made to open one
  // ciphertext under two keys.
  const std::string context_digest = context.Digest();
  OneTimeKeys keys;
  DeriveKeys(*parent.key, envelope.substr(0, kCommitmentAt), context_digest,
             keys);
  if (sodium_memcmp(keys.commitment().data(), envelope.data() + kCommitmentAt,
                    kCommitmentSize) != 0) {
    return errors::SealBroken();
  }

  const absl::string_view ciphertext = envelope.substr(kHeaderSize);
  const std::string associated =
      AssociatedData(envelope.substr(0, kHeaderSize), context_digest);
  Secret padded = Secret::OfSize(ciphertext.size() - kTag);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          Bytes(padded), nullptr, nullptr, Bytes(ciphertext), ciphertext.size(),
          Bytes(associated), associated.size(),
          Bytes(envelope.substr(kNonceAt, kNonceSize)),
          Bytes(keys.encryption_key())) != 0) {
    return errors::SealBroken();
  }
  size_t size = 0;
  if (sodium_unpad(&size, Bytes(padded), padded.size(), kBlock) != 0) {
    return errors::SealBroken();
  }
  return Secret::Copy(padded.Reveal().substr(0, size));
}

absl::StatusOr<EnvelopeHeader> ParseEnvelopeHeader(absl::string_view envelope) {
  // The shortest is one block; the sum below cannot overflow.
  if (envelope.size() < kHeaderSize + kBlock + kTag ||
      envelope.size() > kHeaderSize + kMaxPadded + kTag ||
      envelope.substr(0, kMagic.size()) != kMagic) {
    return errors::SealBroken();
  }
  const uint8_t object = static_cast<uint8_t>(envelope[kObjectAt]);
  const uint8_t suite = static_cast<uint8_t>(envelope[kSuiteAt]);
  const size_t sealed_size = ReadBigEndian32(envelope.data() + kLengthAt);
  if (!IsKnownObject(object) || suite != kSuite || envelope[kFlagsAt] != 0 ||
      envelope[kFlagsAt + 1] != 0 ||
      sealed_size != envelope.size() - kHeaderSize ||
      (sealed_size - kTag) % kBlock != 0) {
    return errors::SealBroken();
  }
  EnvelopeHeader header;
  header.object = static_cast<SealedObject>(object);
  header.suite = suite;
  header.key_version = ReadBigEndian32(envelope.data() + kVersionAt);
  header.key_id = std::string(envelope.substr(kKeyIdAt, kKeyIdSize));
  return header;
}

absl::string_view EnvelopeCommitment(absl::string_view envelope) {
  return envelope.size() < kHeaderSize
             ? absl::string_view()
             : envelope.substr(kCommitmentAt, kCommitmentSize);
}

}  // namespace tokenvault
