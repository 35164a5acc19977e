#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "crypto/key_ring.h"
#include "crypto/keyed_hash.h"
#include "crypto/root_key.h"
#include "crypto/sealer.h"
#include "crypto/secret_arena.h"
#include "storage/store.h"

namespace tokenvault {

// Holds the opened master keys and gives out what is made from them: a Sealer
// for each person, and the keyed hashes by which we know people, links and
// cookies without keeping them.
//
//   ASSIGN_OR_RETURN(Sealer sealer, keys.SealerFor(tenant, user.value));
//   ASSIGN_OR_RETURN(row.sealed_refresh_token,
//                    sealer.Seal(token, RefreshTokenBinding(id, row)));
//
// Thread-safe. Data keys stay opened for a minute at most.
class KeyKeeper {
 public:
  // Opens every master key that is in use with `root`, and the deployment's own
  // data key.
  // STORAGE_NOT_INITIALIZED, ROOT_KEY_INVALID, SEAL_BROKEN.
  static absl::StatusOr<std::unique_ptr<KeyKeeper>> Open(
      Store& store, SecretArena& arena, std::shared_ptr<const RootKey> root,
      const std::string& source_id, const Clock& clock);

  const std::string& deployment_id() const { return deployment_id_; }

  // For the records of one person, or of the tenant itself when `subject` is
  // "". Makes and stores the data key if there is none yet; two callers at once
  // end up with the same one. SEAL_BROKEN, KEY_UNKNOWN, STORAGE_*.
  absl::StatusOr<Sealer> SealerFor(const TenantId& tenant,
                                   const std::string& subject);

  // A data key that was read from the store; not kept. KEY_UNKNOWN,
  // SEAL_BROKEN, MEMORY_NOT_LOCKED.
  absl::StatusOr<std::shared_ptr<const DataKey>> OpenDataKey(const Dek& dek);

  // The person that an issuer calls `subject`. The same for ever, also after
  // rotations, and meaningless to who lacks the key.
  UserId UserOf(const TenantId& tenant, const std::string& issuer,
                const std::string& subject) const;

  // 32 bytes under which a secret of a browser is found again: link ids, state,
  // cookies. `purpose` keeps the kinds apart.
  std::string Lookup(absl::string_view purpose, absl::string_view secret) const;
  // The other way round: a secret that only this vault can make again from a
  // public id, in base64url. Links and state are made so, and never stored.
  std::string Derive(absl::string_view purpose, absl::string_view id) const;

  // For vault/key_rotation only.
  std::shared_ptr<const KeyRing> ring() const;
  void Adopt(std::shared_ptr<const KeyRing> ring);
  const RootKey& root() const { return *root_; }
  const std::string& source_id() const { return source_id_; }
  SecretArena& arena() { return arena_; }

 private:
  struct CachedKey {
    std::shared_ptr<const DataKey> key;
    absl::Time load_time;
  };
  using CacheKey = std::pair<TenantId, std::string>;

  KeyKeeper(Store& store, SecretArena& arena,
            std::shared_ptr<const RootKey> root, std::string source_id,
            const Clock& clock);

  absl::StatusOr<std::shared_ptr<const DataKey>> DataKeyFor(
      const TenantId& tenant, const std::string& subject);
  absl::StatusOr<std::shared_ptr<const DataKey>> LoadDataKey(
      const TenantId& tenant, const std::string& subject);
  absl::Status CreateDataKey(const TenantId& tenant,
                             const std::string& subject);

  Store& store_;
  SecretArena& arena_;
  const std::shared_ptr<const RootKey> root_;
  const std::string source_id_;
  const Clock& clock_;
  std::string deployment_id_;           // constant after Open
  std::unique_ptr<KeyedHash> lookups_;  // constant after Open

  mutable Mutex mutex_;
  std::shared_ptr<const KeyRing> ring_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<CacheKey, CachedKey> cache_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
