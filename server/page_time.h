#pragma once

#include <string>

#include "absl/time/time.h"
#include "server/messages.h"

// Times as pages say them.
namespace tokenvault {

// "23 December 2026".
std::string DayText(absl::Time time, const Messages& messages);
// "23 December 2026, 14:32 UTC".
std::string MinuteText(absl::Time time, const Messages& messages);
// "just now", "12 min ago", or "on" the minute itself.
std::string AgoText(absl::Time then, absl::Time now, const Messages& messages);

}  // namespace tokenvault
