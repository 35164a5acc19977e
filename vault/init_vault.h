#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "crypto/root_key.h"
#include "crypto/secret_arena.h"
#include "storage/store.h"

namespace tokenvault {

// Makes an empty store a vault, in one commit: deployment id, root source,
// master key 1 wrapped by it, the deployment's own data key.
// ALREADY_EXISTS if it is one already; STORAGE_*.
absl::Status InitVault(Store& store, SecretArena& arena, const RootKey& root,
                       const RootSource& source, absl::Time now);

}  // namespace tokenvault
