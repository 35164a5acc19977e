#pragma once

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace tokenvault {

// A fixed number of threads for work that may block: on a provider, on a
// commit, on a page. The queue is bounded, so that a stalled disk or provider
// turns into refusals and not into memory. Thread-safe.
class WorkerPool {
 public:
  using Job = absl::AnyInvocable<void()>;

  WorkerPool(int threads, size_t max_queued);
  // Runs what is queued, then stops.
  ~WorkerPool();

  // False when the queue is full or the pool is stopping: the job was not taken
  // and the caller answers RATE_LIMITED.
  [[nodiscard]] bool Submit(Job job);

 private:
  void Run();

  const size_t max_queued_;
  Mutex mutex_;
  CondVar work_arrived_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tokenvault
