#pragma once

#include <cstdint>
#include <map>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace tokenvault {

// Runs things at a time, on one thread of its own: a caller's patience ends, a
// long wait is over. What it runs must not block. Thread-safe.
//
//   auto id = timer.At(deadline, [answer] { answer(errors::UpstreamSlow(""));
//   }); … timer.Cancel(id);
class DeadlineTimer {
 public:
  using TimerId = std::pair<absl::Time, uint64_t>;

  explicit DeadlineTimer(const Clock& clock);
  // Drops what is left, unrun.
  ~DeadlineTimer();

  TimerId At(absl::Time when, absl::AnyInvocable<void()> run);
  // It will not run, unless it is running already.
  void Cancel(const TimerId& id);

  // Runs what is due. The thread does so by itself; a test that moved the clock
  // says so here.
  void RunDue();

  size_t size() const;

 private:
  void Run();

  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar earlier_;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // When the thread looks next, whoever comes.
  absl::Time wakes_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::map<TimerId, absl::AnyInvocable<void()>> timers_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace tokenvault
