#include "vault/refresh_counts.h"

namespace tokenvault {

absl::string_view RefreshCounts::NameOf(Result result) {
  switch (result) {
    case Result::kOk:
      return "ok";
    case Result::kGrantGone:
      return "grant_gone";
    case Result::kMisconfigured:
      return "misconfigured";
    case Result::kTransient:
      return "transient";
    case Result::kAmbiguous:
      return "ambiguous";
  }
  return "transient";
}

void RefreshCounts::Count(const ProviderId& provider, Result result,
                          absl::Time now) {
  MutexLock lock(mutex_);
  ++counts_[{provider, result}];
  ++recent_.At(now)[{provider, result}];
}

RefreshCounts::Counts RefreshCounts::Get() const {
  MutexLock lock(mutex_);
  return counts_;
}

RefreshCounts::Counts RefreshCounts::GetLastHour(absl::Time now) const {
  MutexLock lock(mutex_);
  return SumOf(recent_, now);
}

}  // namespace tokenvault
