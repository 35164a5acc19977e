#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "crypto/argon2_params.h"
#include "crypto/pkcs11_cipher.h"
#include "crypto/secret_arena.h"

namespace tokenvault {

// What opens the master keys, and does nothing else: a key from a file, one
// derived from a passphrase, or one that only a token decrypts. A deployment
// may have several root sources, each with its own wrap of every master key;
// `source_id` names the source and is bound into the wrap.
//
// Immutable but for moving; thread-safe. The arena outlives it.
//
//   ASSIGN_OR_RETURN(RootKey root, RootKey::FromFile(*arena, path));
//   ASSIGN_OR_RETURN(ArenaKey kek, root.UnwrapMasterKey(*arena, deployment.id,
//       wrap.kek_version, wrap.source_id, wrap.wrapped));
class RootKey {
 public:
  using Argon2Params = tokenvault::Argon2Params;

  // A file of 64 hex digits and a newline. It must be a regular file (not a
  // link to one), belong to the user we run as, and have mode 0400 exactly, so
  // that a key which others could have read or changed is not trusted; a
  // credential of systemd may be root's and have what mode systemd gives it.
  // ROOT_KEY_INVALID says which of these failed and how to mend it.
  // MEMORY_NOT_LOCKED when the arena is full.
  static absl::StatusOr<RootKey> FromFile(SecretArena& arena,
                                          const std::string& path,
                                          bool is_credential = false);
  // Writes such a file with a new random key; durable, folder and all, when it
  // returns. ALREADY_EXISTS when anything is there: a key is never overwritten.
  // ROOT_KEY_INVALID when it cannot be written; nothing is left behind then.
  static absl::Status CreateFile(const std::string& path);

  // Argon2id; takes most of a second and params.mem_bytes of memory.
  // ROOT_KEY_INVALID for an empty passphrase, parameters out of bounds, or too
  // little memory. Any other passphrase makes a key: whether it is the right
  // one shows when it opens a master key.
  static absl::StatusOr<RootKey> FromPassphrase(SecretArena& arena,
                                                const Secret& passphrase,
                                                const Argon2Params& params);

  // Makes a new root key and the AES key on the token that encrypts it, if that
  // is not there: what CreateOnToken returns is RootSource.params, and opens
  // for that source, by that token, alone. Errors of crypto/pkcs11_cipher.h;
  // MEMORY_NOT_LOCKED.
  static absl::StatusOr<std::string> CreateOnToken(const Pkcs11Key& key,
                                                   absl::string_view source_id);
  static absl::StatusOr<RootKey> FromToken(SecretArena& arena,
                                           const Pkcs11Key& key,
                                           absl::string_view source_id,
                                           absl::string_view params);

  // A TKV1 envelope, bound to deployment, version and source.
  absl::StatusOr<std::string> WrapMasterKey(absl::string_view deployment_id,
                                            uint32_t kek_version,
                                            absl::string_view source_id,
                                            const ArenaKey& kek) const;
  // ROOT_KEY_INVALID when it does not open: the sentence says whether this is
  // the wrong passphrase or key file, or a wrap that is damaged or belongs
  // elsewhere. MEMORY_NOT_LOCKED when the arena is full.
  absl::StatusOr<ArenaKey> UnwrapMasterKey(SecretArena& arena,
                                           absl::string_view deployment_id,
                                           uint32_t kek_version,
                                           absl::string_view source_id,
                                           absl::string_view wrapped) const;

 private:
  explicit RootKey(ArenaKey key);

  ArenaKey key_;
  std::string key_id_;  // 16 bytes, derived from the key; says nothing of it
};

}  // namespace tokenvault
