#include "vault/root_sources.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "crypto/argon2_params.h"

namespace tokenvault {
namespace {

absl::Status UnknownSource(const std::string& id) {
  return errors::ResourceDenied(absl::StrCat("rootSources/", id));
}

absl::StatusOr<RootKey> FromPassphraseOf(SecretArena& arena,
                                         const RootSource& row,
                                         const Secret& passphrase) {
  ASSIGN_OR_RETURN(Argon2Params params, Argon2Params::FromJson(row.params));
  return RootKey::FromPassphrase(arena, passphrase, params);
}

absl::StatusOr<uint32_t> ActiveVersion(const Store& store) {
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store.ListKeks());
  for (const Kek& key : keys) {
    if (key.state == KekState::kActive) return key.version_number;
  }
  return errors::StorageNotInitialized();
}

}  // namespace

absl::StatusOr<NewRoot> MakeRoot(SecretArena& arena,
                                 const RootSourceSettings& settings,
                                 const Secret& passphrase, absl::Time now) {
  RootSource source{settings.id, settings.kind, "{}", now};
  if (settings.kind == "file") {
    absl::Status made = RootKey::CreateFile(settings.key_file.path);
    if (!made.ok() && !HasReason(made, "ALREADY_EXISTS")) return made;
    ASSIGN_OR_RETURN(RootKey key,
                     RootKey::FromFile(arena, settings.key_file.path,
                                       settings.key_file.is_credential));
    return NewRoot{std::move(key), std::move(source)};
  }
  if (settings.kind == "pkcs11") {
    ASSIGN_OR_RETURN(source.params,
                     RootKey::CreateOnToken(settings.token, settings.id));
    ASSIGN_OR_RETURN(
        RootKey key,
        RootKey::FromToken(arena, settings.token, settings.id, source.params));
    return NewRoot{std::move(key), std::move(source)};
  }
  const Argon2Params params = Argon2Params::New();
  source.params = params.ToJson();
  Secret written;
  if (passphrase.empty() && !settings.passphrase_file.empty()) {
    ASSIGN_OR_RETURN(written, ReadSecretFile(settings.passphrase_file));
  }
  ASSIGN_OR_RETURN(
      RootKey key,
      RootKey::FromPassphrase(arena, passphrase.empty() ? written : passphrase,
                              params));
  return NewRoot{std::move(key), std::move(source)};
}

absl::StatusOr<RootKey> OpenRoot(SecretArena& arena, const RootSource& row,
                                 const RootSourceSettings& settings,
                                 const Secret& passphrase) {
  if (settings.kind != row.kind) {
    return errors::RootKeyInvalid(
        absl::StrCat("[seal] says that ", row.id, " is of type ", settings.kind,
                     ", and it was made as ", row.kind));
  }
  if (row.kind == "file") {
    return RootKey::FromFile(arena, settings.key_file.path,
                             settings.key_file.is_credential);
  }
  if (row.kind == "pkcs11") {
    return RootKey::FromToken(arena, settings.token, row.id, row.params);
  }
  if (!settings.passphrase_file.empty()) {
    ASSIGN_OR_RETURN(Secret written, ReadSecretFile(settings.passphrase_file));
    return FromPassphraseOf(arena, row, written);
  }
  if (passphrase.empty()) {
    return errors::RootSourceClosed(
        absl::StrCat("nobody has given the passphrase of ", row.id));
  }
  return FromPassphraseOf(arena, row, passphrase);
}

RootSources::RootSources(const Store& store, SecretArena& arena,
                         std::vector<RootSourceSettings> settings)
    : store_(store), arena_(arena), settings_(std::move(settings)) {}

const RootSourceSettings* RootSources::Find(const std::string& id) const {
  const auto found = std::find_if(
      settings_.begin(), settings_.end(),
      [&id](const RootSourceSettings& known) { return known.id == id; });
  return found == settings_.end() ? nullptr : &*found;
}

absl::StatusOr<RootSource> RootSources::RowOf(const std::string& id) const {
  ASSIGN_OR_RETURN(std::vector<RootSource> rows, store_.ListRootSources());
  for (RootSource& row : rows) {
    if (row.id == id) return std::move(row);
  }
  return UnknownSource(id);
}

absl::StatusOr<std::shared_ptr<const RootKey>> RootSources::Open(
    const std::string& id) const {
  ASSIGN_OR_RETURN(RootSource row, RowOf(id));
  return OpenRow(row);
}

absl::StatusOr<std::shared_ptr<const RootKey>> RootSources::OpenRow(
    const RootSource& row) const {
  const RootSourceSettings* settings = Find(row.id);
  if (settings == nullptr) {
    return errors::RootSourceClosed(
        absl::StrCat("[seal] does not say where ", row.id, " is"));
  }
  if (row.kind == "passphrase" && settings->passphrase_file.empty()) {
    MutexLock lock(mutex_);
    const auto typed = unlocked_.find(row.id);
    if (typed != unlocked_.end()) return typed->second;
  }
  ASSIGN_OR_RETURN(RootKey key, OpenRoot(arena_, row, *settings, Secret()));
  return std::make_shared<const RootKey>(std::move(key));
}

absl::Status RootSources::Unlock(const std::string& id,
                                 const Secret& passphrase) {
  ASSIGN_OR_RETURN(RootSource row, RowOf(id));
  if (row.kind != "passphrase") {
    return errors::FieldInvalid(
        "source", absl::StrCat("names ", id, ", which has no passphrase"));
  }
  ASSIGN_OR_RETURN(RootKey key, FromPassphraseOf(arena_, row, passphrase));
  ASSIGN_OR_RETURN(uint32_t version, ActiveVersion(store_));
  RETURN_IF_ERROR(UnwrapBy(key, id, version).status());
  MutexLock lock(mutex_);
  unlocked_[id] = std::make_shared<const RootKey>(std::move(key));
  return absl::OkStatus();
}

void RootSources::Forget() {
  // Destroyed behind the lock.
  std::map<std::string, std::shared_ptr<const RootKey>> typed;
  MutexLock lock(mutex_);
  typed.swap(unlocked_);
}

absl::StatusOr<std::vector<KekWrap>> RootSources::Wrap(
    uint32_t version, const ArenaKey& key) const {
  ASSIGN_OR_RETURN(Deployment deployment, store_.GetDeployment());
  ASSIGN_OR_RETURN(std::vector<RootSource> rows, store_.ListRootSources());
  std::vector<KekWrap> wraps;
  for (const RootSource& row : rows) {
    ASSIGN_OR_RETURN(std::shared_ptr<const RootKey> root, Open(row.id));
    KekWrap wrap{version, row.id, ""};
    ASSIGN_OR_RETURN(wrap.wrapped,
                     root->WrapMasterKey(deployment.id, version, row.id, key));
    wraps.push_back(std::move(wrap));
  }
  return wraps;
}

absl::StatusOr<ArenaKey> RootSources::UnwrapBy(const RootKey& root,
                                               const std::string& id,
                                               uint32_t version) const {
  ASSIGN_OR_RETURN(Deployment deployment, store_.GetDeployment());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store_.ListKekWraps());
  for (const KekWrap& wrap : wraps) {
    if (wrap.kek_version != version || wrap.source_id != id) continue;
    return root.UnwrapMasterKey(arena_, deployment.id, version, id,
                                wrap.wrapped);
  }
  return errors::RootKeyInvalid(
      absl::StrCat("master key ", version, " is not wrapped by ", id));
}

absl::StatusOr<ArenaKey> RootSources::Unwrap(uint32_t version) const {
  ASSIGN_OR_RETURN(std::vector<RootSource> rows, store_.ListRootSources());
  std::optional<ArenaKey> key;
  for (const RootSource& row : rows) {
    ASSIGN_OR_RETURN(std::shared_ptr<const RootKey> root, Open(row.id));
    ASSIGN_OR_RETURN(ArenaKey opened, UnwrapBy(*root, row.id, version));
    if (key.has_value() && !EqualInConstantTime(key->view(), opened.view())) {
      return errors::Internal("two root sources hold different master keys");
    }
    key.emplace(std::move(opened));
  }
  if (!key.has_value()) return errors::StorageNotInitialized();
  return *std::move(key);
}

}  // namespace tokenvault
