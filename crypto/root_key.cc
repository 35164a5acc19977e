#include "crypto/root_key.h"

#include <sodium.h>

#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"

namespace tokenvault {
namespace {

// Root keys have no versions: a new one is a new wrap.
constexpr uint32_t kRootVersion = 1;

// Sixteen characters, so without the literal's NUL.
constexpr char kIdPurpose[] = "TKV1/root-key-id";
static_assert(sizeof(kIdPurpose) ==
              crypto_generichash_blake2b_PERSONALBYTES + 1);

// So that a wrap can say which root key it wants. Whoever could find the key
// from it could as well from the commitment beside it.
std::string KeyIdOf(const ArenaKey& key) {
  std::string id(kKeyIdSize, '\0');
  crypto_generichash_blake2b_salt_personal(
      Bytes(id), id.size(), nullptr, 0, Bytes(key.view()), key.view().size(),
      nullptr, Bytes(absl::string_view(kIdPurpose)));
  return id;
}

}  // namespace

RootKey::RootKey(ArenaKey key) : key_(std::move(key)), key_id_(KeyIdOf(key_)) {}

absl::StatusOr<RootKey> RootKey::FromPassphrase(SecretArena& arena,
                                                const Secret& passphrase,
                                                const Argon2Params& params) {
  if (passphrase.empty()) {
    return errors::RootKeyInvalid("the passphrase is empty");
  }
  if (!params.InBounds()) {
    return errors::RootKeyInvalid("the Argon2id parameters are out of bounds");
  }
  Secret key = Secret::OfSize(kKeySize);
  if (crypto_pwhash(reinterpret_cast<unsigned char*>(key.mutable_data()),
                    key.size(), passphrase.Reveal().data(), passphrase.size(),
                    Bytes(absl::string_view(params.salt)), params.ops,
                    params.mem_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return errors::RootKeyInvalid(
        "there is not enough memory to derive it from the passphrase");
  }
  ASSIGN_OR_RETURN(ArenaKey in_arena, ArenaKey::From(arena, key));
  return RootKey(std::move(in_arena));
}

absl::StatusOr<std::string> RootKey::WrapMasterKey(
    absl::string_view deployment_id, uint32_t kek_version,
    absl::string_view source_id, const ArenaKey& kek) const {
  if (kek.view().size() != kKeySize) {
    return errors::Internal("wrapping a master key that was moved away");
  }
  const ParentKey parent = {
      .key = &key_, .key_id = key_id_, .version = kRootVersion};
  return SealEnvelope(
      SealedObject::kWrappedKek, parent,
      SealContext::ForMasterKey(deployment_id, kek_version, source_id),
      kek.view());
}

absl::StatusOr<ArenaKey> RootKey::UnwrapMasterKey(
    SecretArena& arena, absl::string_view deployment_id, uint32_t kek_version,
    absl::string_view source_id, absl::string_view wrapped) const {
  absl::StatusOr<EnvelopeHeader> header = ParseEnvelopeHeader(wrapped);
  if (header.ok() && header->object == SealedObject::kWrappedKek &&
      header->key_id != key_id_) {
    return errors::RootKeyInvalid("wrong passphrase or key file");
  }
  const ParentKey parent = {
      .key = &key_, .key_id = key_id_, .version = kRootVersion};
  absl::StatusOr<Secret> bytes = OpenEnvelope(
      SealedObject::kWrappedKek, parent,
      SealContext::ForMasterKey(deployment_id, kek_version, source_id),
      wrapped);
  if (!bytes.ok() || bytes->size() != kKeySize) {
    return errors::RootKeyInvalid(
        "the stored wrap of the master key is damaged, or belongs to another "
        "deployment, version or source");
  }
  return ArenaKey::From(arena, *bytes);
}

}  // namespace tokenvault
