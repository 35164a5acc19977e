#include "storage/sqlite/writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/await.h"
#include "base/errors.h"
#include "storage/sqlite/apply.h"

namespace tokenvault {
namespace {

constexpr size_t kMostQueued = 4096;
constexpr size_t kMostInGroup = 256;
// One checkpoint costs a few fsyncs: worth it for 4 MB of log at the first
// pause, for less only when nothing happens, and for 64 MB at any time.
constexpr int kWorthAPause = 1000;
constexpr int kTooLong = 16000;
constexpr absl::Duration kPause = absl::Milliseconds(5);
constexpr absl::Duration kNothingHappens = absl::Seconds(1);

}  // namespace

Writer::Writer(SqliteConnection& connection)
    : connection_(connection), thread_([this] { Run(); }) {}

Writer::~Writer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_arrived_.NotifyOne();
  }
  thread_.join();
}

void Writer::Commit(WriteBatch batch,
                    absl::AnyInvocable<void(absl::Status)> done) {
  {
    MutexLock lock(mutex_);
    if (queue_.size() < kMostQueued) {
      queue_.push_back({std::move(batch), std::move(done), absl::OkStatus()});
      if (queue_.size() == 1) work_arrived_.NotifyOne();
      return;
    }
  }
  done(errors::RateLimited("storage.queue", absl::Seconds(1)));
}

absl::Status Writer::Scrub() {
  return Await([this](absl::AnyInvocable<void(absl::Status)> done) {
    MutexLock lock(mutex_);
    queue_.push_back(
        {WriteBatch(), std::move(done), absl::OkStatus(), /*scrub=*/true});
    if (queue_.size() == 1) work_arrived_.NotifyOne();
  });
}

void Writer::Run() {
  while (true) {
    std::vector<Pending> group = NextGroup();
    if (group.empty()) break;
    CommitGroup(group);
    ScrubAfter(group);
    for (Pending& pending : group) pending.done(std::move(pending.result));
    if (log_pages_ >= kTooLong) CheckpointUnlessBroken(/*truncate=*/false);
  }
  CheckpointUnlessBroken(/*truncate=*/true);
}

std::vector<Writer::Pending> Writer::NextGroup() {
  mutex_.Lock();
  while (queue_.empty() && !stopping_) {
    if (log_pages_ == 0) {
      work_arrived_.Wait(mutex_);
    } else if (!work_arrived_.WaitFor(mutex_, QuietTime()) && queue_.empty() &&
               !stopping_) {
      // Commit must not wait for the disk.
      mutex_.Unlock();
      CheckpointUnlessBroken(/*truncate=*/log_pages_ < kWorthAPause);
      mutex_.Lock();
    }
  }
  std::vector<Pending> group;
  size_t size = std::min(queue_.size(), kMostInGroup);
  group.reserve(size);
  for (size_t i = 0; i < size; ++i) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  mutex_.Unlock();
  return group;
}

void Writer::CommitGroup(std::vector<Pending>& group) {
  MutexLock lock(connection_.mutex());
  absl::Status disk = connection_.sync_failed()
                          ? errors::StorageFailed(SQLITE_IOERR_FSYNC)
                          : connection_.Run("BEGIN IMMEDIATE");
  int64_t applied = 0;
  for (size_t i = 0; i < group.size() && disk.ok(); ++i) {
    group[i].result = Apply(connection_, group[i].batch);
    if (group[i].result.ok()) ++applied;
    if (!connection_.InTransaction()) disk = group[i].result;
  }
  if (disk.ok()) disk = connection_.Run("COMMIT");
  if (connection_.InTransaction()) connection_.Run("ROLLBACK").IgnoreError();
  if (!disk.ok()) {
    for (Pending& pending : group) pending.result = disk;
    return;
  }
  log_pages_ = connection_.log_pages();
  committed_batches_ += applied;
  if (applied > 0) ++commit_transactions_;
}

void Writer::ScrubAfter(std::vector<Pending>& group) {
  for (Pending& pending : group) {
    if (!pending.scrub || !pending.result.ok()) continue;
    MutexLock lock(connection_.mutex());
    pending.result = connection_.sync_failed()
                         ? errors::StorageFailed(SQLITE_IOERR_FSYNC)
                         : connection_.Checkpoint(/*truncate=*/true);
    if (pending.result.ok()) log_pages_ = 0;
  }
}

void Writer::CheckpointUnlessBroken(bool truncate) {
  MutexLock lock(connection_.mutex());
  if (connection_.sync_failed()) return;
  // Failing is no loss: the log still has everything, and the next pause comes.
  connection_.Checkpoint(truncate).IgnoreError();
  log_pages_ = 0;
}

absl::Duration Writer::QuietTime() const {
  return log_pages_ >= kWorthAPause ? kPause : kNothingHappens;
}

}  // namespace tokenvault
