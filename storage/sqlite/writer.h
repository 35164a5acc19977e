#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "storage/sqlite/connection.h"
#include "storage/write_batch.h"

namespace tokenvault {

// The one thread that writes. Whatever queued up while it was busy becomes one
// transaction, so that many batches share one fsync; nothing ever waits for
// company.
//
//   queue ─▶ BEGIN ─▶ (SAVEPOINT, batch, RELEASE)* ─▶ COMMIT ─▶ done*
//
// Invariants:
//  1. Batches are applied, and their `done` run, in the order of Commit.
//  2. `done` says OK only after COMMIT did, which was after the fsync.
//  3. A condition that fails undoes its own batch only. If COMMIT fails, or
//     SQLite gives up the transaction, every batch of the group fails with that
//     error: some of them judged by rows that were then never written.
//  4. Only this thread checkpoints (sqlite/connection.h says why): in quiet
//     moments, or when the log has grown too long to wait for one.
//  5. After a failed fsync nothing is written or checkpointed again, and every
//     later batch fails with STORAGE_FAILED, until the store is opened anew. A
//     batch that failed so may turn out to be there then: it reached the log.
//
// Thread-safe.
class Writer {
 public:
  // `connection` outlives this, and is in WAL mode or in RAM.
  explicit Writer(SqliteConnection& connection);
  // Commits what is queued, empties the log, then stops.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // As Store::Commit.
  void Commit(WriteBatch batch, absl::AnyInvocable<void(absl::Status)> done);

  // As Store::Scrub, without patience: after all that is queued, by the writing
  // thread. Waits for it.
  absl::Status Scrub();

  int64_t committed_batches() const { return committed_batches_; }
  int64_t commit_transactions() const { return commit_transactions_; }

 private:
  struct Pending {
    WriteBatch batch;
    absl::AnyInvocable<void(absl::Status)> done;
    absl::Status result;
    bool scrub = false;  // the log is emptied before it is done
  };

  void Run();
  // Waits for work. Nothing when it is time to stop.
  std::vector<Pending> NextGroup();
  void CommitGroup(std::vector<Pending>& group);
  void CheckpointUnlessBroken(bool truncate);
  // For those of the group that asked for it.
  void ScrubAfter(std::vector<Pending>& group);
  // How long the queue must be empty before a checkpoint.
  absl::Duration QuietTime() const;

  SqliteConnection& connection_;
  std::atomic<int64_t> committed_batches_{0};
  std::atomic<int64_t> commit_transactions_{0};
  int log_pages_ = 0;  // not yet in the database; the thread's own

  Mutex mutex_;
  CondVar work_arrived_;
  std::deque<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tokenvault
