#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/string_view.h"
#include "base/ids.h"
#include "base/mutex.h"

namespace tokenvault {

// How the refreshes of this process ended, for whoever watches. Thread-safe.
class RefreshCounts {
 public:
  // kAmbiguous: nobody knows whether the provider did it. kTransient: it
  // surely did not, and may the next time.
  enum class Result { kOk, kGrantGone, kMisconfigured, kTransient, kAmbiguous };
  // "ok", "grant_gone", "misconfigured", "transient", "ambiguous"
  static absl::string_view NameOf(Result result);

  void Count(const ProviderId& provider, Result result);

  using Counts = std::map<std::pair<ProviderId, Result>, int64_t>;
  Counts Get() const;

 private:
  mutable Mutex mutex_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
