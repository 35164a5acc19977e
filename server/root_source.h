#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "server/config.h"
#include "storage/store.h"

namespace tokenvault {

// What opens the master keys at start, as [seal] says.
struct OpenedRoot {
  std::shared_ptr<const RootKey> key;
  std::string source_id;
};

// Reads the key file; or the passphrase, from its file or, when none is
// configured, from the terminal without echo. ROOT_KEY_INVALID, also when the
// vault has no root source of that kind; STORAGE_NOT_INITIALIZED.
absl::StatusOr<OpenedRoot> OpenRoot(const SealSettings& seal,
                                    const Store& store, SecretArena& arena);

}  // namespace tokenvault
