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
                     std::shared_ptr<const RootKey> root, std::string source_id,
                     const Clock& clock)
    : store_(store),
      arena_(arena),
      root_(std::move(root)),
      source_id_(std::move(source_id)),
      clock_(clock) {}

absl::StatusOr<std::unique_ptr<KeyKeeper>> KeyKeeper::Open(
    Store& store, SecretArena& arena, std::shared_ptr<const RootKey> root,
    const std::string& source_id, const Clock& clock) {
  absl::StatusOr<Deployment> deployment = store.GetDeployment();
  if (HasReason(deployment.status(), "NOT_FOUND")) {
    return errors::StorageNotInitialized();
  }
  RETURN_IF_ERROR(deployment.status());
  auto keeper = std::unique_ptr<KeyKeeper>(
      new KeyKeeper(store, arena, std::move(root), source_id, clock));
  keeper->deployment_id_ = deployment->id;

  ASSIGN_OR_RETURN(std::vector<Kek> keks, store.ListKeks());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store.ListKekWraps());
  std::shared_ptr<const KeyRing> ring;
  for (const Kek& kek : keks) {
    if (kek.state == KekState::kRetired || kek.state == KekState::kDestroyed) {
      continue;
    }
    ASSIGN_OR_RETURN(ArenaKey key,
                     OpenMasterKey(arena, *keeper->root_, deployment->id,
                                   source_id, kek.version_number, wraps));
    bool primary = kek.state == KekState::kActive;
    ring = ring == nullptr
               ? KeyRing::Of(kek.version_number, kek.key_id, std::move(key))
               : ring->With(kek.version_number, kek.key_id, std::move(key),
                            primary);
  }
  if (ring == nullptr) return errors::StorageNotInitialized();

  ASSIGN_OR_RETURN(Dek own, store.GetDek(TenantId(), ""));
  ASSIGN_OR_RETURN(
      ArenaKey own_key,
      ring->UnwrapDataKey(arena, DataKeyBindingOf(deployment->id, own),
                          own.kek_version, own.wrapped));
  keeper->lookups_ = std::make_unique<KeyedHash>(std::move(own_key));
  {
    MutexLock lock(keeper->mutex_);
    keeper->ring_ = std::move(ring);
  }
  return keeper;
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
  {
    MutexLock lock(mutex_);
    auto it = cache_.find(cache_key);
    if (it != cache_.end() && now < it->second.load_time + kCacheTime) {
      return it->second.key;
    }
  }

  ASSIGN_OR_RETURN(std::shared_ptr<const DataKey> key,
                   LoadDataKey(tenant, subject));

  MutexLock lock(mutex_);
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
  ASSIGN_OR_RETURN(
      ArenaKey key,
      ring()->UnwrapDataKey(arena_, DataKeyBindingOf(deployment_id_, dek),
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
  std::shared_ptr<const KeyRing> ring = this->ring();
  dek.kek_version = ring->primary_version();
  ASSIGN_OR_RETURN(
      dek.wrapped,
      ring->WrapDataKey(DataKeyBindingOf(deployment_id_, dek), key));
  WriteBatch batch;
  batch.Insert(std::move(dek));
  absl::Status status = store_.Commit(std::move(batch));
  // Somebody else made it first: theirs is as good. Or the master key changed
  // meanwhile: that happens once.
  if (HasReason(status, "VERSION_CONFLICT") &&
      this->ring()->primary_version() != ring->primary_version()) {
    return CreateDataKey(tenant, subject);
  }
  return HasReason(status, "ALREADY_EXISTS") ? absl::OkStatus() : status;
}

UserId KeyKeeper::UserOf(const TenantId& tenant, const std::string& issuer,
                         const std::string& subject) const {
  std::string hash = lookups_->Hash("user", {tenant.value, issuer, subject});
  return UserId("u-" + Base32Encode(hash.substr(0, 20)));
}

std::string KeyKeeper::Lookup(absl::string_view purpose,
                              absl::string_view secret) const {
  return lookups_->Hash("find", {purpose, secret});
}

std::string KeyKeeper::Derive(absl::string_view purpose,
                              absl::string_view id) const {
  return Base64UrlEncode(lookups_->Hash("derive", {purpose, id}));
}

std::shared_ptr<const KeyRing> KeyKeeper::ring() const {
  MutexLock lock(mutex_);
  return ring_;
}

void KeyKeeper::Adopt(std::shared_ptr<const KeyRing> ring) {
  MutexLock lock(mutex_);
  ring_ = std::move(ring);
}

}  // namespace tokenvault
