#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "vault/last_hour.h"

namespace tokenvault {

// How the refreshes of this process ended, for whoever watches. Thread-safe.
class RefreshCounts {
 public:
  // kAmbiguous: nobody knows whether the provider did it. kTransient: it
  // surely did not, and may the next time.
  enum class Result { kOk, kGrantGone, kMisconfigured, kTransient, kAmbiguous };
  // "ok", "grant_gone", "misconfigured", "transient", "ambiguous"
  static absl::string_view NameOf(Result result);

  void Count(const ProviderId& provider, Result result, absl::Time now);

  using Counts = std::map<std::pair<ProviderId, Result>, int64_t>;
  // Since the start, and in the hour before `now`.
  Counts Get() const;
  Counts GetLastHour(absl::Time now) const;

 private:
  mutable Mutex mutex_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  LastHour<Counts> recent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
