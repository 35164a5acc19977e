#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "storage/landing_file.h"
#include "storage/records.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// Where a provider's answer is put down, sealed, before anybody reads it: what
// it says cannot be had again. A slot belongs to one refresh from before the
// call until its result is committed.
//
// `file` may be null (a vault in memory): then, as when the file cannot be
// written, the sealed answer is held in memory for as long as this process
// lives. Thread-safe.
class LandingSlots {
 public:
  LandingSlots(KeyKeeper& keys, std::unique_ptr<LandingFile> file);

  // Takes the slots that unsettled refreshes own, at start, and wipes the
  // others.
  void Reserve(const std::vector<Connection>& unsettled);
  // A slot for this connection, the one that it has if it has one.
  // RATE_LIMITED when all are taken.
  absl::StatusOr<uint64_t> Take(const ConnectionId& connection);
  // Empties the connection's slot, and lets others have it.
  void Free(const ConnectionId& connection);

  // Wipes every slot that nobody has: nothing of what was ever in one is left
  // when this returns OK. STORAGE_*.
  absl::Status Scrub();

  // Puts `answer` into the slot that `leased` owns, for this lease only. The
  // sealer is the caller's from before the call: no key has to be had now. An
  // answer above kMaxSealedPlaintext does not land; what the disk refuses is
  // held in memory and logged.
  absl::Status Land(const Connection& leased, const Sealer& sealer,
                    const Secret& answer);
  // What landed for the refresh that `row` was left with. NOT_FOUND when
  // nothing did, or not all of it. KEY_*, STORAGE_*.
  absl::StatusOr<Secret> Find(const Connection& row) const;

 private:
  KeyKeeper& keys_;
  const std::unique_ptr<LandingFile> file_;
  mutable Mutex mutex_;
  std::vector<ConnectionId> owners_ ABSL_GUARDED_BY(mutex_);  // slot - 1
  // Sealed answers by connection.
  absl::flat_hash_map<ConnectionId, std::string> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
