#include "server/lifetime.h"

#include "vault/consent_flow.h"

namespace tokenvault {

std::string LifetimeValue(Lifetime lifetime) {
  switch (lifetime) {
    case Lifetime::kThisTask:
      return "task";
    case Lifetime::kThirtyDays:
      return "30d";
    case Lifetime::kUntilStopped:
      return "until_stopped";
  }
  return "";
}

std::optional<Lifetime> ParseLifetime(absl::string_view value) {
  for (Lifetime lifetime :
       {Lifetime::kThisTask, Lifetime::kThirtyDays, Lifetime::kUntilStopped}) {
    if (value == LifetimeValue(lifetime)) return lifetime;
  }
  return std::nullopt;
}

absl::Time LifetimeEnd(Lifetime lifetime, absl::Time now) {
  switch (lifetime) {
    case Lifetime::kThisTask:
      return now + ConsentFlow::kLongestTask;
    case Lifetime::kThirtyDays:
      return now + absl::Hours(24 * 30);
    case Lifetime::kUntilStopped:
      break;
  }
  return absl::InfiniteFuture();
}

}  // namespace tokenvault
