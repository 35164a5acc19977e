#include "crypto/key_ring.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "crypto/envelope.h"

namespace tokenvault {

std::shared_ptr<const KeyRing> KeyRing::Of(uint32_t version, std::string key_id,
                                           ArenaKey key) {
  Keys keys;
  keys[version] = std::make_shared<const MasterKey>(
      MasterKey{std::move(key_id), std::move(key)});
  return std::shared_ptr<const KeyRing>(new KeyRing(std::move(keys), version));
}

std::shared_ptr<const KeyRing> KeyRing::With(uint32_t version,
                                             std::string key_id, ArenaKey key,
                                             bool primary) const {
  Keys keys = keys_;
  keys[version] = std::make_shared<const MasterKey>(
      MasterKey{std::move(key_id), std::move(key)});
  return std::shared_ptr<const KeyRing>(
      new KeyRing(std::move(keys), primary ? version : primary_version_));
}

absl::StatusOr<std::shared_ptr<const KeyRing>> KeyRing::WithPrimary(
    uint32_t version) const {
  if (!keys_.contains(version))
    return errors::KeyUnknown(absl::StrCat(version));
  return std::shared_ptr<const KeyRing>(new KeyRing(keys_, version));
}

absl::StatusOr<std::shared_ptr<const KeyRing>> KeyRing::Without(
    uint32_t version) const {
  if (version == primary_version_) {
    return errors::KeyUnknown(absl::StrCat(version));
  }
  Keys keys = keys_;
  keys.erase(version);
  return std::shared_ptr<const KeyRing>(
      new KeyRing(std::move(keys), primary_version_));
}

KeyRing::KeyRing(Keys keys, uint32_t primary_version)
    : keys_(std::move(keys)), primary_version_(primary_version) {}

std::vector<uint32_t> KeyRing::versions() const {
  std::vector<uint32_t> versions;
  for (const auto& [version, key] : keys_) versions.push_back(version);
  return versions;
}

absl::StatusOr<std::string> KeyRing::WrapDataKey(const DataKeyBinding& binding,
                                                 const ArenaKey& dek) const {
  if (binding.dek_id.size() != kKeyIdSize) {
    return errors::Internal("wrapping needs an id of 16 bytes");
  }
  return Wrap(SealContext::ForDataKey(binding, primary_version_), dek);
}

absl::StatusOr<ArenaKey> KeyRing::UnwrapDataKey(
    SecretArena& arena, const DataKeyBinding& binding, uint32_t kek_version,
    absl::string_view wrapped) const {
  return Unwrap(arena, SealContext::ForDataKey(binding, kek_version),
                kek_version, wrapped);
}

absl::StatusOr<std::string> KeyRing::WrapBackupKey(
    absl::string_view deployment_id, absl::string_view backup_id,
    const ArenaKey& key) const {
  return Wrap(
      SealContext::ForBackup(deployment_id, primary_version_, backup_id), key);
}

absl::StatusOr<ArenaKey> KeyRing::UnwrapBackupKey(
    SecretArena& arena, absl::string_view deployment_id,
    absl::string_view backup_id, uint32_t kek_version,
    absl::string_view wrapped) const {
  return Unwrap(arena,
                SealContext::ForBackup(deployment_id, kek_version, backup_id),
                kek_version, wrapped);
}

absl::StatusOr<std::string> KeyRing::Wrap(const SealContext& context,
                                          const ArenaKey& key) const {
  if (key.view().size() != kKeySize) {
    return errors::Internal("wrapping needs a key of 32 bytes");
  }
  // The constructors see to it that the primary is in the ring.
  const MasterKey& primary = *keys_.at(primary_version_);
  const ParentKey parent = {.key = &primary.key,
                            .key_id = primary.key_id,
                            .version = primary_version_};
  return SealEnvelope(context.object(), parent, context, key.view());
}

absl::StatusOr<std::map<uint32_t, std::string>> KeyRing::WrapAll(
    const RootKey& root, absl::string_view deployment_id,
    absl::string_view source_id) const {
  std::map<uint32_t, std::string> wraps;
  for (const auto& [version, master] : keys_) {
    ASSIGN_OR_RETURN(
        wraps[version],
        root.WrapMasterKey(deployment_id, version, source_id, master->key));
  }
  return wraps;
}

absl::StatusOr<ArenaKey> KeyRing::Unwrap(SecretArena& arena,
                                         const SealContext& context,
                                         uint32_t kek_version,
                                         absl::string_view wrapped) const {
  const auto found = keys_.find(kek_version);
  if (found == keys_.end())
    return errors::KeyUnknown(absl::StrCat(kek_version));
  const MasterKey& master = *found->second;

  ASSIGN_OR_RETURN(EnvelopeHeader header, ParseEnvelopeHeader(wrapped));
  if (header.key_version == kek_version && header.key_id != master.key_id) {
    return errors::KeyUnknown(HexEncode(header.key_id));
  }
  const ParentKey parent = {
      .key = &master.key, .key_id = master.key_id, .version = kek_version};
  ASSIGN_OR_RETURN(Secret bytes,
                   OpenEnvelope(context.object(), parent, context, wrapped));
  if (bytes.size() != kKeySize) return errors::SealBroken();
  return ArenaKey::From(arena, bytes);
}

}  // namespace tokenvault
