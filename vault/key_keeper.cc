#include "vault/key_keeper.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kCacheTime = absl::Minutes(1);
constexpr size_t kCacheSize = 4096;

absl::StatusOr<ArenaKey> OpenMasterKey(SecretArena& arena, const RootKey& root,
                                       const std::string& deployment_id,
                                       const std::string& source_id,
                                       uint32_t version,
                                       const std::vector<KekWrap>& wraps) {
  for (const KekWrap& wrap : wraps) {
    if (wrap.kek_version != version || wrap.source_id != source_id) continue;
    return root.UnwrapMasterKey(arena, deployment_id, version, source_id,
                                wrap.wrapped);
  }
  return errors::RootKeyInvalid(
      absl::StrCat("master key ", version, " was not wrapped by \"", source_id,
                   "\"; [seal] type names another source than 'tokenvault "
                   "init' was run with"));
}

}  // namespace

KeyKeeper::KeyKeeper(Store& store, SecretArena& arena,
                     std::string deployment_id, const Clock& clock)
    : store_(store),
      arena_(arena),
      clock_(clock),
      deployment_id_(std::move(deployment_id)) {}

absl::StatusOr<std::unique_ptr<KeyKeeper>> KeyKeeper::Create(
    Store& store, SecretArena& arena, const Clock& clock) {
  absl::StatusOr<Deployment> deployment = store.GetDeployment();
  if (HasReason(deployment.status(), "NOT_FOUND")) {
    return errors::StorageNotInitialized();
  }
  RETURN_IF_ERROR(deployment.status());
  return std::unique_ptr<KeyKeeper>(
      new KeyKeeper(store, arena, std::move(deployment->id), clock));
}

absl::StatusOr<std::unique_ptr<KeyKeeper>> KeyKeeper::Open(
    Store& store, SecretArena& arena, const RootKey& root,
    const std::string& source_id, const Clock& clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<KeyKeeper> keeper,
                   Create(store, arena, clock));
  RETURN_IF_ERROR(keeper->Unseal(root, source_id));
  return keeper;
}

absl::Status KeyKeeper::Unseal(const RootKey& root,
                               const std::string& source_id) {
  if (!sealed()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<Kek> keks, store_.ListKeks());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store_.ListKekWraps());
  std::shared_ptr<const KeyRing> ring;
  for (const Kek& kek : keks) {
    if (kek.state == KekState::kRetired || kek.state == KekState::kDestroyed) {
      continue;
    }
    ASSIGN_OR_RETURN(ArenaKey key,
                     OpenMasterKey(arena_, root, deployment_id_, source_id,
                                   kek.version_number, wraps));
    bool primary = kek.state == KekState::kActive;
    ring = ring == nullptr
               ? KeyRing::Of(kek.version_number, kek.key_id, std::move(key))
               : ring->With(kek.version_number, kek.key_id, std::move(key),
                            primary);
  }
  if (ring == nullptr) return errors::StorageNotInitialized();

  ASSIGN_OR_RETURN(Dek own, store_.GetDek(TenantId(), ""));
  ASSIGN_OR_RETURN(
      ArenaKey own_key,
      ring->UnwrapDataKey(arena_, DataKeyBindingOf(deployment_id_, own),
                          own.kek_version, own.wrapped));
  auto lookups = std::make_shared<const KeyedHash>(std::move(own_key));
  MutexLock lock(mutex_);
  ring_ = std::move(ring);
  lookups_ = std::move(lookups);
  return absl::OkStatus();
}

void KeyKeeper::Seal() {
  // What is let go of is destroyed behind the lock.
  std::shared_ptr<const KeyRing> ring;
  std::shared_ptr<const KeyedHash> lookups;
  absl::flat_hash_map<CacheKey, CachedKey> cache;
  MutexLock lock(mutex_);
  ring.swap(ring_);
  lookups.swap(lookups_);
  cache.swap(cache_);
}

bool KeyKeeper::sealed() const {
  MutexLock lock(mutex_);
  return ring_ == nullptr;
}

absl::StatusOr<Sealer> KeyKeeper::SealerFor(const TenantId& tenant,
                                            const std::string& subject) {
  ASSIGN_OR_RETURN(std::shared_ptr<const DataKey> key,
                   DataKeyFor(tenant, subject));
  return Sealer(std::move(key));
}

absl::StatusOr<std::shared_ptr<const DataKey>> KeyKeeper::DataKeyFor(
    const TenantId& tenant, const std::string& subject) {
  const absl::Time now = clock_.Now();
  const CacheKey cache_key(tenant, subject);
  uint64_t forgotten = 0;
  {
    MutexLock lock(mutex_);
    forgotten = forgotten_;
    auto it = cache_.find(cache_key);
    if (it != cache_.end() && now < it->second.load_time + kCacheTime) {
      return it->second.key;
    }
  }

  ASSIGN_OR_RETURN(std::shared_ptr<const DataKey> key,
                   LoadDataKey(tenant, subject));

  MutexLock lock(mutex_);
  // Sealed or replaced meanwhile: who asked before may go on, and nobody after.
  if (ring_ == nullptr || forgotten != forgotten_) return key;
  if (cache_.size() >= kCacheSize) {
    absl::erase_if(cache_, [now](const auto& entry) {
      return now >= entry.second.load_time + kCacheTime;
    });
    // Everybody is here at once: start over rather than grow.
    if (cache_.size() >= kCacheSize) cache_.clear();
  }
  cache_[cache_key] = {key, now};
  return key;
}

void KeyKeeper::Forget(const TenantId& tenant, const std::string& subject) {
  MutexLock lock(mutex_);
  ++forgotten_;
  cache_.erase(CacheKey(tenant, subject));
}

absl::StatusOr<std::shared_ptr<const DataKey>> KeyKeeper::LoadDataKey(
    const TenantId& tenant, const std::string& subject) {
  absl::StatusOr<Dek> dek = store_.GetDek(tenant, subject);
  if (HasReason(dek.status(), "NOT_FOUND")) {
    RETURN_IF_ERROR(CreateDataKey(tenant, subject));
    dek = store_.GetDek(tenant, subject);
  }
  RETURN_IF_ERROR(dek.status());
  absl::StatusOr<std::shared_ptr<const DataKey>> key = OpenDataKey(*dek);
  if (!HasReason(key.status(), "KEY_UNKNOWN")) return key;
  // Read before it was re-wrapped, opened after the old master key had gone.
  ASSIGN_OR_RETURN(Dek again, store_.GetDek(tenant, subject));
  if (again.kek_version != dek->kek_version) return OpenDataKey(again);
  Log(LogLevel::kError, "key.unknown",
      "a data key wants a master key that is retired, or was never here; was "
      "an "
      "old copy of the database put back?",
      {{LogKey::kReason, ReasonOf(key.status())}});
  return key;
}

absl::StatusOr<std::shared_ptr<const DataKey>> KeyKeeper::OpenDataKey(
    const Dek& dek) {
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, this->ring());
  ASSIGN_OR_RETURN(
      ArenaKey key,
      ring->UnwrapDataKey(arena_, DataKeyBindingOf(deployment_id_, dek),
                          dek.kek_version, dek.wrapped));
  return std::make_shared<const DataKey>(
      DataKey{dek.dek_id, dek.generation, std::move(key)});
}

absl::Status KeyKeeper::CreateDataKey(const TenantId& tenant,
                                      const std::string& subject) {
  Dek dek;
  dek.tenant = tenant;
  dek.subject = subject;
  dek.dek_id = RandomBytes(16);
  dek.create_time = clock_.Now();
  ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(arena_));
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, this->ring());
  dek.kek_version = ring->primary_version();
  ASSIGN_OR_RETURN(
      dek.wrapped,
      ring->WrapDataKey(DataKeyBindingOf(deployment_id_, dek), key));
  WriteBatch batch;
  batch.Insert(std::move(dek));
  absl::Status status = store_.Commit(std::move(batch));
  // Somebody else made it first: theirs is as good. Or the master key changed
  // meanwhile: that happens once.
  if (HasReason(status, "VERSION_CONFLICT")) {
    ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> now, this->ring());
    if (now->primary_version() != ring->primary_version()) {
      return CreateDataKey(tenant, subject);
    }
  }
  return HasReason(status, "ALREADY_EXISTS") ? absl::OkStatus() : status;
}

absl::StatusOr<UserId> KeyKeeper::UserOf(const TenantId& tenant,
                                         const std::string& issuer,
                                         const std::string& subject) const {
  ASSIGN_OR_RETURN(auto lookups, this->lookups());
  std::string hash = lookups->Hash("user", {tenant.value, issuer, subject});
  return UserId("u-" + Base32Encode(hash.substr(0, 20)));
}

absl::StatusOr<std::string> KeyKeeper::Lookup(absl::string_view purpose,
                                              absl::string_view secret) const {
  ASSIGN_OR_RETURN(auto lookups, this->lookups());
  return lookups->Hash("find", {purpose, secret});
}

absl::StatusOr<std::string> KeyKeeper::Derive(absl::string_view purpose,
                                              absl::string_view id) const {
  ASSIGN_OR_RETURN(auto lookups, this->lookups());
  return Base64UrlEncode(lookups->Hash("derive", {purpose, id}));
}

absl::StatusOr<std::shared_ptr<const KeyedHash>> KeyKeeper::lookups() const {
  MutexLock lock(mutex_);
  if (lookups_ == nullptr) return errors::VaultSealed();
  return lookups_;
}

absl::StatusOr<std::shared_ptr<const KeyRing>> KeyKeeper::ring() const {
  MutexLock lock(mutex_);
  if (ring_ == nullptr) return errors::VaultSealed();
  return ring_;
}

void KeyKeeper::Adopt(std::shared_ptr<const KeyRing> ring) {
  MutexLock lock(mutex_);
  if (ring_ != nullptr) ring_.swap(ring);
}

}  // namespace tokenvault
