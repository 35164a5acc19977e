#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "crypto/pkcs11_cipher.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "crypto/secret_file.h"
#include "storage/store.h"

namespace tokenvault {

// How a root source is reached. Of the configuration, and never of the
// database, who can write to which could send us elsewhere.
struct RootSourceSettings {
  std::string id;              // as in its wraps
  std::string kind;            // "file", "passphrase", "pkcs11"
  SecretFile key_file;         // file
  SecretFile passphrase_file;  // passphrase; none: a person gives it
  Pkcs11Key token;             // pkcs11
};

// What a source opens with: made new, for a row that is not there yet. Of a
// file and a token the key is made if it is not there; a `passphrase` that is
// empty is read from its file. ROOT_KEY_INVALID, ROOT_SOURCE_CLOSED,
// MEMORY_NOT_LOCKED.
struct NewRoot {
  RootKey key;
  RootSource source;
};
absl::StatusOr<NewRoot> MakeRoot(SecretArena& arena,
                                 const RootSourceSettings& settings,
                                 const Secret& passphrase, absl::Time now);

// What the source of `row` opens with, as `settings` says where it is; the row
// may be of a database that is not open, such as a backup's. `passphrase` is
// for a source that has no file of it. ROOT_SOURCE_CLOSED, ROOT_KEY_INVALID,
// MEMORY_NOT_LOCKED.
absl::StatusOr<RootKey> OpenRoot(SecretArena& arena, const RootSource& row,
                                 const RootSourceSettings& settings,
                                 const Secret& passphrase);

// The ways to the root keys: each opens every master key on its own, and each
// is asked anew when it is needed. Kept is only what a person typed, from
// Unlock until Forget, for a new master key must be wrapped by it, too.
//
// Thread-safe. Open and all that need it may take most of a second.
class RootSources {
 public:
  RootSources(const Store& store, SecretArena& arena,
              std::vector<RootSourceSettings> settings);

  // As the configuration has them: the order in which they are tried.
  const std::vector<RootSourceSettings>& settings() const { return settings_; }
  // Null when the configuration does not name it.
  const RootSourceSettings* Find(const std::string& id) const;

  // ROOT_SOURCE_CLOSED when it may be open later: its token is away, nobody
  // gave its passphrase. ROOT_KEY_INVALID when it is not what opens this vault;
  // RESOURCE_DENIED when the vault or the configuration has none of that id.
  absl::StatusOr<std::shared_ptr<const RootKey>> Open(
      const std::string& id) const;

  // The same for a row that another database has of it. A passphrase that was
  // typed opens only what it opens here.
  absl::StatusOr<std::shared_ptr<const RootKey>> OpenRow(
      const RootSource& row) const;

  // Takes a passphrase, if it opens the master key in use.
  // ROOT_KEY_INVALID, RESOURCE_DENIED, FIELD_INVALID for a source that has
  // none.
  absl::Status Unlock(const std::string& id, const Secret& passphrase);
  // Whatever was typed is typed again.
  void Forget();

  // A master key as every source of the vault wraps it; none is left out.
  // The errors of Open.
  absl::StatusOr<std::vector<KekWrap>> Wrap(uint32_t version,
                                            const ArenaKey& key) const;
  // A master key, opened by every source, which must all hold the same.
  absl::StatusOr<ArenaKey> Unwrap(uint32_t version) const;

 private:
  absl::StatusOr<RootSource> RowOf(const std::string& id) const;
  absl::StatusOr<ArenaKey> UnwrapBy(const RootKey& root, const std::string& id,
                                    uint32_t version) const;

  const Store& store_;
  SecretArena& arena_;
  const std::vector<RootSourceSettings> settings_;

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<const RootKey>> unlocked_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
