#include "vault/operations.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/random.h"

namespace tokenvault {

void Operation::Begin(Phase phase, int64_t rows_total) {
  MutexLock lock(mutex_);
  progress_.phase = phase;
  progress_.rows_done = 0;
  progress_.rows_total = rows_total;
}

void Operation::Advance(int64_t rows) {
  MutexLock lock(mutex_);
  progress_.rows_done += rows;
}

void Operation::Change(absl::AnyInvocable<void(Progress&)> change) {
  MutexLock lock(mutex_);
  change(progress_);
}

void Operation::Cancelled() {
  MutexLock lock(mutex_);
  progress_.cancelled = true;
}

void Operation::Pause(absl::Duration time) {
  MutexLock lock(mutex_);
  if (!stop_) stopped_.WaitFor(mutex_, time);
}

Operations::Operations(const Clock& clock) : clock_(clock) {
  MutexLock lock(operation_.mutex_);
  operation_.progress_.done = true;
}

Operations::~Operations() {
  CancelAll();
  std::thread last;
  {
    MutexLock lock(starting_);
    last = std::move(thread_);
  }
  if (last.joinable()) last.join();
}

absl::StatusOr<Operation::Progress> Operations::Start(Work work) {
  return Begin(std::move(work), [](const absl::Status&) {});
}

absl::Status Operations::Run(Work work) {
  return Await([&](absl::AnyInvocable<void(absl::Status)> done) {
    // Shared: it is still ours when nothing begins.
    auto told = std::make_shared<decltype(done)>(std::move(done));
    absl::Status began = Begin(std::move(work), [told](absl::Status result) {
                           (*told)(std::move(result));
                         }).status();
    if (!began.ok()) (*told)(std::move(began));
  });
}

absl::StatusOr<Operation::Progress> Operations::Begin(
    Work work, absl::AnyInvocable<void(absl::Status)> ended) {
  MutexLock starting(starting_);
  Operation::Progress progress;
  progress.id = NewUlid(clock_.Now());
  {
    MutexLock lock(operation_.mutex_);
    if (!operation_.progress_.done) {
      return errors::OperationRunning(operation_.progress_.id);
    }
    // Together: from here on it can be told to stop.
    operation_.progress_ = progress;
    operation_.stop_ = false;
  }
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread(
      [this, work = std::move(work), ended = std::move(ended)]() mutable {
        absl::Status result = work(operation_);
        operation_.Change([&result](Operation::Progress& progress) {
          progress.result = result;
          progress.done = true;
        });
        ended(std::move(result));
      });
  return progress;
}

absl::StatusOr<Operation::Progress> Operations::Get(
    const std::string& id) const {
  MutexLock lock(operation_.mutex_);
  if (operation_.progress_.id != id || id.empty()) {
    return errors::ResourceDenied(absl::StrCat("operations/", id));
  }
  return operation_.progress_;
}

std::optional<Operation::Progress> Operations::Running() const {
  MutexLock lock(operation_.mutex_);
  if (operation_.progress_.done) return std::nullopt;
  return operation_.progress_;
}

absl::Status Operations::Cancel(const std::string& id) {
  RETURN_IF_ERROR(Get(id).status());
  CancelAll();
  return absl::OkStatus();
}

void Operations::CancelAll() {
  operation_.stop_ = true;
  operation_.stopped_.NotifyAll();
}

}  // namespace tokenvault
