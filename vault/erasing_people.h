#pragma once

#include <atomic>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "base/errors.h"
#include "base/ids.h"
#include "base/mutex.h"

namespace tokenvault {

// Who is being erased now: meanwhile there is no token for them, and no
// question to them. A crash ends that; so does the end of an erasure that was
// stopped. Thread-safe; looking is cheap while it is nobody.
class ErasingPeople {
 public:
  // Closes the door for as long as it lives.
  class Hold {
   public:
    Hold(ErasingPeople& people, const TenantId& tenant, const UserId& user)
        : people_(people), who_(tenant, user) {
      MutexLock lock(people_.mutex_);
      people_.who_.insert(who_);
      people_.count_ = static_cast<int>(people_.who_.size());
    }
    ~Hold() {
      MutexLock lock(people_.mutex_);
      people_.who_.erase(who_);
      people_.count_ = static_cast<int>(people_.who_.size());
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    ErasingPeople& people_;
    const std::pair<TenantId, UserId> who_;
  };

  // RATE_LIMITED while they are: whoever asks again later finds somebody new.
  absl::Status CheckNot(const TenantId& tenant, const UserId& user) const {
    if (count_ == 0) return absl::OkStatus();
    MutexLock lock(mutex_);
    return who_.count({tenant, user}) == 0
               ? absl::OkStatus()
               : errors::RateLimited("person_being_erased", absl::Seconds(1));
  }

 private:
  std::atomic<int> count_ = 0;
  mutable Mutex mutex_;
  std::set<std::pair<TenantId, UserId>> who_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
