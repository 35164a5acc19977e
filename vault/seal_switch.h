#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "crypto/secret_arena.h"
#include "storage/store.h"
#include "vault/key_keeper.h"
#include "vault/operations.h"
#include "vault/root_sources.h"

namespace tokenvault {

// Opens the vault, and closes it: sealed, the process holds no key and no
// token, and can do nothing with what it stores.
//
//   sealed ──Unseal: a root source opens──▶ open ──Seal──▶ sealed
//
// Thread-safe.
class SealSwitch {
 public:
  // `checked`, if any, runs first at each opening, with the keys: its error
  // keeps the vault sealed. `opened` runs at each opening, before anybody is
  // served; what it returns is logged and changes nothing. `closed` runs at
  // each sealing, and forgets what was made with the keys.
  struct Hooks {
    absl::AnyInvocable<absl::Status()> checked;
    absl::AnyInvocable<absl::Status()> opened;
    absl::AnyInvocable<void()> closed;
    // After either, when sealed() has its new value.
    absl::AnyInvocable<void()> turned;
  };
  SealSwitch(const Clock& clock, Store& store, SecretArena& arena,
             KeyKeeper& keys, RootSources& sources, Operations& operations,
             Hooks hooks);

  // By the first source that opens, in the order of the configuration. The
  // error is of the last that was tried. Not audited: for the start.
  // ROOT_SOURCE_CLOSED, ROOT_KEY_INVALID, SEAL_BROKEN, STORAGE_*; those of
  // `checked`.
  absl::Status Open();

  // The same because an operator says so; by `source` alone unless it is "". A
  // passphrase that is given is kept until the next Seal, also when the vault
  // was open. The same errors; RESOURCE_DENIED, FIELD_INVALID,
  // AUDIT_UNAVAILABLE (and then it stays sealed).
  absl::Status Unseal(const std::string& source, const Secret& passphrase);

  // New calls are refused at once. Those that speak to a provider keep the keys
  // they hold until they have its answer safe; this waits for them for
  // kPatience, and returns how many keys are still held. It seals also when
  // that cannot be written down: AUDIT_UNAVAILABLE.
  static constexpr absl::Duration kPatience = absl::Seconds(15);
  absl::StatusOr<size_t> Seal();

  // Whether calls are refused: from the beginning of Seal to the end of Unseal.
  bool sealed() const { return !open_; }
  // Which source opened it; "" while it is sealed.
  std::string opened_by() const;
  // Keys that are open at this moment.
  size_t keys_in_memory() const { return arena_.used(); }

 private:
  absl::Status OpenByAny() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turning_);
  absl::Status OpenBy(const std::string& source)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(turning_);
  void Close() ABSL_EXCLUSIVE_LOCKS_REQUIRED(turning_);
  absl::Status Note(const char* kind, const std::string& detail);

  const Clock& clock_;
  Store& store_;
  SecretArena& arena_;
  KeyKeeper& keys_;
  RootSources& sources_;
  Operations& operations_;

  std::atomic<bool> open_{false};
  Mutex turning_;  // one at a time; held while sources are asked
  Hooks hooks_ ABSL_GUARDED_BY(turning_);
  mutable Mutex mutex_;
  std::string opened_by_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
