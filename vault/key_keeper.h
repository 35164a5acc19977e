#pragma once

#include <cstdint>
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
// Sealed, it holds no key at all, and whoever asks for what needs one hears
// VAULT_SEALED. Who got a Sealer before keeps it until they are done: an answer
// of a provider that is under way is not lost.
//
// Thread-safe. Data keys stay opened for a minute at most.
class KeyKeeper {
 public:
  // Sealed. STORAGE_NOT_INITIALIZED.
  static absl::StatusOr<std::unique_ptr<KeyKeeper>> Create(Store& store,
                                                           SecretArena& arena,
                                                           const Clock& clock);
  // Create, then Unseal.
  static absl::StatusOr<std::unique_ptr<KeyKeeper>> Open(
      Store& store, SecretArena& arena, const RootKey& root,
      const std::string& source_id, const Clock& clock);

  // Opens every master key that is in use with `root`, and the deployment's own
  // data key: all of them, or it stays as it was. Does nothing when it is open.
  // ROOT_KEY_INVALID, SEAL_BROKEN, MEMORY_NOT_LOCKED, STORAGE_*.
  absl::Status Unseal(const RootKey& root, const std::string& source_id);
  // Lets go of every key.
  void Seal();
  bool sealed() const;

  const std::string& deployment_id() const { return deployment_id_; }

  // For the records of one person, or of the tenant itself when `subject` is
  // "". Makes and stores the data key if there is none yet; two callers at once
  // end up with the same one. VAULT_SEALED, SEAL_BROKEN, KEY_UNKNOWN,
  // STORAGE_*.
  absl::StatusOr<Sealer> SealerFor(const TenantId& tenant,
                                   const std::string& subject);

  // The data key was replaced, or is gone: the next SealerFor reads it anew. In
  // the `done` of the commit that did it, so that who is refused finds the new
  // one.
  void Forget(const TenantId& tenant, const std::string& subject);

  // A data key that was read from the store; not kept. VAULT_SEALED,
  // KEY_UNKNOWN, SEAL_BROKEN, MEMORY_NOT_LOCKED.
  absl::StatusOr<std::shared_ptr<const DataKey>> OpenDataKey(const Dek& dek);

  // The person that an issuer calls `subject`. The same for ever, also after
  // rotations, and meaningless to who lacks the key. VAULT_SEALED.
  absl::StatusOr<UserId> UserOf(const TenantId& tenant,
                                const std::string& issuer,
                                const std::string& subject) const;

  // 32 bytes under which a secret of a browser is found again: link ids, state,
  // cookies. `purpose` keeps the kinds apart. VAULT_SEALED.
  absl::StatusOr<std::string> Lookup(absl::string_view purpose,
                                     absl::string_view secret) const;
  // The other way round: a secret that only this vault can make again from a
  // public id, in base64url. Links and state are made so, and never stored.
  // VAULT_SEALED.
  absl::StatusOr<std::string> Derive(absl::string_view purpose,
                                     absl::string_view id) const;

  // For vault/key_rotation only. VAULT_SEALED.
  absl::StatusOr<std::shared_ptr<const KeyRing>> ring() const;
  // Does nothing when it was sealed meanwhile.
  void Adopt(std::shared_ptr<const KeyRing> ring);
  SecretArena& arena() { return arena_; }

 private:
  struct CachedKey {
    std::shared_ptr<const DataKey> key;
    absl::Time load_time;
  };
  using CacheKey = std::pair<TenantId, std::string>;

  KeyKeeper(Store& store, SecretArena& arena, std::string deployment_id,
            const Clock& clock);

  absl::StatusOr<std::shared_ptr<const DataKey>> DataKeyFor(
      const TenantId& tenant, const std::string& subject);
  absl::StatusOr<std::shared_ptr<const DataKey>> LoadDataKey(
      const TenantId& tenant, const std::string& subject);
  absl::Status CreateDataKey(const TenantId& tenant,
                             const std::string& subject);
  absl::StatusOr<std::shared_ptr<const KeyedHash>> lookups() const;

  Store& store_;
  SecretArena& arena_;
  const Clock& clock_;
  const std::string deployment_id_;

  mutable Mutex mutex_;
  // Both or neither: sealed.
  std::shared_ptr<const KeyRing> ring_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const KeyedHash> lookups_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<CacheKey, CachedKey> cache_ ABSL_GUARDED_BY(mutex_);
  // Grows with every Forget: what was read before one is not kept after it.
  uint64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tokenvault
