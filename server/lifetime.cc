#include "server/lifetime.h"

namespace tokenvault {

std::string LifetimeValue(Lifetime lifetime) {
  switch (lifetime) {
    case Lifetime::kOneDay:
      return "1d";
    case Lifetime::kThirtyDays:
      return "30d";
    case Lifetime::kUntilStopped:
      return "until_stopped";
  }
  return "";
}

std::optional<Lifetime> ParseLifetime(absl::string_view value) {
  for (Lifetime lifetime :
       {Lifetime::kOneDay, Lifetime::kThirtyDays, Lifetime::kUntilStopped}) {
    if (value == LifetimeValue(lifetime)) return lifetime;
  }
  return std::nullopt;
}

absl::Time LifetimeEnd(Lifetime lifetime, absl::Time now) {
  switch (lifetime) {
    case Lifetime::kOneDay:
      return now + absl::Hours(24);
    case Lifetime::kThirtyDays:
      return now + absl::Hours(24 * 30);
    case Lifetime::kUntilStopped:
      break;
  }
  return absl::InfiniteFuture();
}

}  // namespace tokenvault
