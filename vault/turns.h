#pragma once

#include <set>
#include <utility>

#include "base/mutex.h"

namespace tokenvault {

// One at a time about the same thing; others wait, and then find what the first
// one did. Thread-safe.
template <typename Key>
class Turns {
 public:
  // This thread's turn, for as long as it lives.
  class Turn {
   public:
    Turn(Turns& turns, Key key) : turns_(turns), key_(std::move(key)) {
      MutexLock lock(turns_.mutex_);
      while (!turns_.taken_.insert(key_).second) {
        turns_.given_back_.Wait(turns_.mutex_);
      }
    }
    ~Turn() {
      {
        MutexLock lock(turns_.mutex_);
        turns_.taken_.erase(key_);
      }
      turns_.given_back_.NotifyAll();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
    const Key key_;
  };

 private:
  Mutex mutex_;
  CondVar given_back_;
  std::set<Key> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
