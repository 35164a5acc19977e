#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// A new master key, while the vault serves.
//
//   1. create   vN+1 PENDING, wrapped by the root source; read back, unwrapped,
//               compared
//   2. flip     one commit: vN+1 ACTIVE, vN DECRYPT_ONLY; new data keys use it
//   3. re-wrap  batches of data keys, each with its own precondition
//
// The work list is a predicate ("wrapped by an older version"), so a crash or
// Ctrl-C at any point loses nothing: running it again finishes a pending key or
// goes on re-wrapping, and makes a new key only when nothing was left over (and
// never with Extent::kLeftOver).
//
// Thread-safe. One rotation at a time.
class KeyRotation {
 public:
  KeyRotation(const Clock& clock, Store& store, KeyKeeper& keys);
  // Stops between two batches and waits for it.
  ~KeyRotation();

  struct Progress {
    std::string id;  // "operations/{id}"
    bool done = false;
    int64_t rows_done = 0;
    int64_t rows_total = 0;
    uint32_t key_version = 0;
    absl::Status result;  // once done
    bool cancelled = false;
    // Of the leaf that ends it; 0 before, and where it cannot be read back.
    uint64_t audit_sequence = 0;
  };

  // kLeftOver: only what an earlier run left, and never a new key.
  enum class Extent { kAll, kLeftOver };

  // What there is to do, without doing it.
  absl::StatusOr<Progress> Preview(Extent extent = Extent::kAll);
  // Starts on a thread of its own. OPERATION_RUNNING, STORAGE_*.
  absl::StatusOr<Progress> Start(int rows_per_second,
                                 const std::string& request_id,
                                 Extent extent = Extent::kAll);
  // RESOURCE_DENIED for an operation that is not this process's latest.
  absl::StatusOr<Progress> Get(const std::string& id) const;
  absl::Status Cancel(const std::string& id);

  struct KeyInfo {
    Kek key;
    int64_t data_keys = 0;
    std::vector<std::string> sources;
  };
  absl::StatusOr<std::vector<KeyInfo>> ListKeys() const;

 private:
  void Run(int rows_per_second, const std::string& request_id, Extent extent);
  absl::Status Rotate(int rows_per_second, const std::string& request_id,
                      Extent extent);
  absl::StatusOr<uint32_t> PrepareKey(const std::string& request_id,
                                      Extent extent);
  void NoteEnd();
  absl::Status Flip(uint32_t version);
  absl::Status Rewrap(uint32_t version, int rows_per_second);
  absl::StatusOr<Dek> RewrapOne(Dek dek, uint32_t version) const;

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  std::atomic<bool> stop_{false};

  mutable Mutex mutex_;
  Progress progress_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
  CondVar pace_;
};

}  // namespace tokenvault
