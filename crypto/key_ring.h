#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/binding.h"
#include "crypto/root_key.h"
#include "crypto/seal_context.h"
#include "crypto/secret_arena.h"

namespace tokenvault {

// The master keys (KEK versions) that are open, of which exactly one is the
// primary: the one that wraps. The others only unwrap, until rotation has left
// them nothing to unwrap.
//
// Immutable: a change makes a new ring, and who still holds the old one goes on
// with it. The keys themselves are shared between rings. Thread-safe. The arena
// of the keys outlives every ring.
//
//   auto ring = KeyRing::Of(1, key_id, std::move(key));
//   ring = ring->With(2, next_id, std::move(next), /*primary=*/true);
//   ASSIGN_OR_RETURN(row.wrapped, ring->WrapDataKey(binding, dek));
class KeyRing {
 public:
  // A ring of one, which is the primary. `key_id`: 16 bytes.
  static std::shared_ptr<const KeyRing> Of(uint32_t version, std::string key_id,
                                           ArenaKey key);
  // This ring and one key more; a version that is there already is replaced.
  // Unless `primary`, the primary stays what it was.
  std::shared_ptr<const KeyRing> With(uint32_t version, std::string key_id,
                                      ArenaKey key, bool primary) const;
  // The same keys with another primary. KEY_UNKNOWN if it is not in the ring.
  absl::StatusOr<std::shared_ptr<const KeyRing>> WithPrimary(
      uint32_t version) const;

  // The same without a key that is not the primary. KEY_UNKNOWN if it is.
  absl::StatusOr<std::shared_ptr<const KeyRing>> Without(
      uint32_t version) const;

  uint32_t primary_version() const { return primary_version_; }
  // Rising.
  std::vector<uint32_t> versions() const;
  bool Contains(uint32_t version) const { return keys_.contains(version); }

  // Wraps under the primary. INTERNAL for ids that are not 16 bytes.
  absl::StatusOr<std::string> WrapDataKey(const DataKeyBinding& binding,
                                          const ArenaKey& dek) const;

  // Every key of the ring, by version, as `root` wraps it.
  absl::StatusOr<std::map<uint32_t, std::string>> WrapAll(
      const RootKey& root, absl::string_view deployment_id,
      absl::string_view source_id) const;

  // KEY_UNKNOWN when the ring has no key of that version, or another one than
  // the wrap asks for; SEAL_BROKEN when it does not open in this place;
  // MEMORY_NOT_LOCKED when the arena is full.
  absl::StatusOr<ArenaKey> UnwrapDataKey(SecretArena& arena,
                                         const DataKeyBinding& binding,
                                         uint32_t kek_version,
                                         absl::string_view wrapped) const;

  // The same for the key of one backup.
  absl::StatusOr<std::string> WrapBackupKey(absl::string_view deployment_id,
                                            absl::string_view backup_id,
                                            const ArenaKey& key) const;
  absl::StatusOr<ArenaKey> UnwrapBackupKey(SecretArena& arena,
                                           absl::string_view deployment_id,
                                           absl::string_view backup_id,
                                           uint32_t kek_version,
                                           absl::string_view wrapped) const;

 private:
  struct MasterKey {
    std::string key_id;
    ArenaKey key;
  };
  using Keys = std::map<uint32_t, std::shared_ptr<const MasterKey>>;

  KeyRing(Keys keys, uint32_t primary_version);
  absl::StatusOr<std::string> Wrap(const SealContext& context,
                                   const ArenaKey& key) const;
  absl::StatusOr<ArenaKey> Unwrap(SecretArena& arena,
                                  const SealContext& context,
                                  uint32_t kek_version,
                                  absl::string_view wrapped) const;

  const Keys keys_;
  const uint32_t primary_version_;
};

}  // namespace tokenvault
