#include "server/deadline_timer.h"

#include <algorithm>
#include <vector>

namespace tokenvault {
namespace {

// A clock that was set is noticed within this.
constexpr absl::Duration kLongestSleep = absl::Seconds(1);

}  // namespace

DeadlineTimer::DeadlineTimer(const Clock& clock)
    : clock_(clock), thread_([this] { Run(); }) {}

DeadlineTimer::~DeadlineTimer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  earlier_.NotifyAll();
  thread_.join();
}

DeadlineTimer::TimerId DeadlineTimer::At(absl::Time when,
                                         absl::AnyInvocable<void()> run) {
  MutexLock lock(mutex_);
  TimerId id{when, next_++};
  timers_.emplace(id, std::move(run));
  // Most patience is longer than the sleep: then nobody is woken.
  if (when < wakes_) earlier_.NotifyOne();
  return id;
}

void DeadlineTimer::Cancel(const TimerId& id) {
  absl::AnyInvocable<void()> dropped;  // destroyed outside the lock
  MutexLock lock(mutex_);
  auto it = timers_.find(id);
  if (it == timers_.end()) return;
  dropped = std::move(it->second);
  timers_.erase(it);
}

void DeadlineTimer::RunDue() {
  std::vector<absl::AnyInvocable<void()>> due;
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(mutex_);
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      due.push_back(std::move(timers_.begin()->second));
      timers_.erase(timers_.begin());
    }
  }
  for (auto& run : due) run();
}

size_t DeadlineTimer::size() const {
  MutexLock lock(mutex_);
  return timers_.size();
}

void DeadlineTimer::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stopping_) {
        const absl::Time now = clock_.Now();
        wakes_ = now + kLongestSleep;
        if (!timers_.empty()) {
          wakes_ = std::min(wakes_, timers_.begin()->first.first);
        }
        if (wakes_ <= now) break;
        earlier_.WaitFor(mutex_, wakes_ - now);
      }
      if (stopping_) return;
    }
    RunDue();
  }
}

}  // namespace tokenvault
