#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "crypto/secret_file.h"

namespace tokenvault {

// Where an AES key is that never leaves its PKCS#11 token.
struct Pkcs11Key {
  std::string module;  // the maker's library: "/usr/lib/softhsm/libsofthsm2.so"
  std::string uri;     // RFC 7512: "pkcs11:token=vault;object=root"
  SecretFile pin_file;  // of the token's user
};

// Encrypts and decrypts by such a key (AES-GCM), on the token. `context` says
// what for, and must be the same both times.
//
// The library is loaded, logged in and let go of each time, so that a token
// which was away and is back again serves. Slow, and one at a time.
//
// ROOT_SOURCE_CLOSED when the library, the token or the key is not there: it
// may be later. ROOT_KEY_INVALID when it is and will not do: a wrong PIN (which
// is tried once), a key that may leave the token, a text that does not open.
absl::StatusOr<std::string> EncryptByToken(const Pkcs11Key& key,
                                           absl::string_view context,
                                           const Secret& plaintext);
absl::StatusOr<Secret> DecryptByToken(const Pkcs11Key& key,
                                      absl::string_view context,
                                      absl::string_view ciphertext);

// Makes the key that `key.uri` names, AES-256, sensitive and not extractable,
// unless it is there. The same errors.
absl::Status MakeTokenKey(const Pkcs11Key& key);

}  // namespace tokenvault
