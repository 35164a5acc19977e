#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tokenvault {

// How long a person lets an agent in.
//   kThisTask      for what has the task's id, and a day at most
enum class Lifetime { kThisTask, kThirtyDays, kUntilStopped };
// As a form says it.
std::string LifetimeValue(Lifetime lifetime);
std::optional<Lifetime> ParseLifetime(absl::string_view value);
// When it ends; InfiniteFuture for kUntilStopped.
absl::Time LifetimeEnd(Lifetime lifetime, absl::Time now);

}  // namespace tokenvault
