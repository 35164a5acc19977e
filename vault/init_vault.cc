#include "vault/init_vault.h"

#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/key_ring.h"
#include "crypto/random.h"

namespace tokenvault {

absl::Status InitVault(Store& store, SecretArena& arena, const RootKey& root,
                       const RootSource& source, absl::Time now) {
  absl::StatusOr<Deployment> existing = store.GetDeployment();
  if (existing.ok()) return errors::AlreadyExists("vault");
  if (!HasReason(existing.status(), "NOT_FOUND")) return existing.status();

  Deployment deployment{RandomBytes(16), now};

  Kek kek;
  kek.version_number = 1;
  kek.key_id = RandomBytes(16);
  kek.state = KekState::kActive;
  kek.create_time = now;
  kek.activate_time = now;
  ASSIGN_OR_RETURN(ArenaKey master, ArenaKey::Random(arena));
  KekWrap wrap{1, source.id, ""};
  ASSIGN_OR_RETURN(wrap.wrapped,
                   root.WrapMasterKey(deployment.id, 1, source.id, master));

  // The deployment's own data key: what keyed hashes and links are made from.
  Dek own;
  own.dek_id = RandomBytes(16);
  own.kek_version = 1;
  own.create_time = now;
  ASSIGN_OR_RETURN(ArenaKey own_key, ArenaKey::Random(arena));
  auto ring = KeyRing::Of(1, kek.key_id, std::move(master));
  ASSIGN_OR_RETURN(own.wrapped, ring->WrapDataKey({deployment.id, own.tenant,
                                                   own.subject, own.dek_id},
                                                  own_key));

  WriteBatch batch;
  batch.Insert(std::move(deployment));
  batch.Insert(source);
  batch.Insert(std::move(kek));
  batch.Insert(std::move(wrap));
  batch.Insert(std::move(own));
  return store.Commit(std::move(batch));
}

}  // namespace tokenvault
