#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/records.h"
#include "storage/store.h"

namespace tokenvault {

// Long work that an operator started: one at a time, on a thread of its own,
// looked at and stopped from outside. What it did outlives a restart in the
// store; that it ran does not.
//
//   operations.Start([](Operation& operation) {
//     operation.Begin(Operation::Phase::kRewrapping, total);
//     while (!operation.stopping()) { …; operation.Advance(n); }
//     return status;
//   });
//
// Thread-safe.
class Operation {
 public:
  enum class Phase {
    kNone,
    kRewrapping,
    kProving,
    kVerifying,
    kRevoking,
    kErasing,
    kScrubbing,
    kResealing,
    kCopying,
    kWriting,
    kReading,
    kCheckingLog,
    kArchiving
  };

  // What became of connections that were to end.
  struct Revocations {
    int64_t ended = 0;        // here; and of those, at the provider:
    int64_t confirmed = 0;    // it ended too
    int64_t pending = 0;      // it did not answer, and is told again
    int64_t unsupported = 0;  // it has no way to be told
    int64_t failed = 0;       // it said no
    // The first of the last two, by name, with where to end them by hand.
    std::vector<std::string> by_hand;
  };

  struct Progress {
    std::string id;  // "operations/{id}"
    bool done = false;
    Phase phase = Phase::kNone;
    int64_t rows_done = 0;  // of this phase
    int64_t rows_total = 0;
    uint32_t key_version = 0;
    int64_t data_keys_rewrapped = 0;
    int64_t data_keys_opened = 0;
    int64_t records_opened = 0;
    int64_t broken_count = 0;
    std::vector<std::string> broken;  // the first of them, by name
    Revocations revocations;
    int64_t people_erased = 0;
    PersonRows erased;  // what was kept of them
    int64_t data_keys_replaced = 0;
    int64_t records_resealed = 0;
    // Those left as they are, by name: a refresh of theirs is not settled.
    std::vector<std::string> left_over;
    std::optional<BackupRecord> backup;  // made or verified
    int64_t checkpoints_checked = 0;
    std::optional<AuditArchive> archive;  // none: no leaf was old enough
    std::string problem;  // of a backup that is broken: ends a sentence
    absl::Status result;  // once done
    bool cancelled = false;
    // Of the leaf that ends it; 0 before, and where it cannot be read back.
    uint64_t audit_sequence = 0;
  };

  // For the work.
  void Begin(Phase phase, int64_t rows_total);
  void Advance(int64_t rows);
  void Change(absl::AnyInvocable<void(Progress&)> change);
  // Whether to stop between two rows. What stops says so by Cancelled.
  bool stopping() const { return stop_; }
  void Cancelled();
  // Waits, unless it is to stop.
  void Pause(absl::Duration time);

 private:
  friend class Operations;

  std::atomic<bool> stop_{false};
  mutable Mutex mutex_;
  CondVar stopped_;
  Progress progress_ ABSL_GUARDED_BY(mutex_);
};

class Operations {
 public:
  using Work = absl::AnyInvocable<absl::Status(Operation&)>;

  explicit Operations(const Clock& clock);
  // Asks what runs to stop, and waits for it.
  ~Operations();

  // OPERATION_RUNNING.
  absl::StatusOr<Operation::Progress> Start(Work work);
  // The same, and waits for its end: for what is short, and must be alone.
  absl::Status Run(Work work);
  // RESOURCE_DENIED for an operation that is not this process's latest.
  absl::StatusOr<Operation::Progress> Get(const std::string& id) const;
  absl::Status Cancel(const std::string& id);
  // Tells what runs to stop, if anything does.
  void CancelAll();
  // The one that runs, if any.
  std::optional<Operation::Progress> Running() const;

 private:
  // `ended` hears the result when another may begin.
  absl::StatusOr<Operation::Progress> Begin(
      Work work, absl::AnyInvocable<void(absl::Status)> ended);

  const Clock& clock_;
  Operation operation_;  // the latest
  Mutex starting_;
  std::thread thread_ ABSL_GUARDED_BY(starting_);
};

}  // namespace tokenvault
