#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "crypto/signed_note.h"
#include "storage/store.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// Signs what others are to believe later: proofs of rotations. The seed is kept
// sealed, and open only while it signs. The key is made at its first use and is
// then the same for ever. Thread-safe.
class NoteSigner {
 public:
  NoteSigner(const Clock& clock, Store& store, KeyKeeper& keys)
      : clock_(clock), store_(store), keys_(keys) {}

  // What others check by. KEY_UNKNOWN, SEAL_BROKEN, STORAGE_*.
  absl::StatusOr<NoteVerifier> Verifier();
  // As SignNote. The same errors.
  absl::StatusOr<std::string> Sign(absl::string_view text);

 private:
  absl::StatusOr<SigningKey> Load();

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
};

}  // namespace tokenvault
