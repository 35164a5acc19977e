#include "oauth/http_client.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kDefaultRetry = absl::Seconds(30);
constexpr absl::Duration kLongestRetry = absl::Hours(1);

// RFC 9110 §5.6.7: the one form that servers send today, and the two of old
// that a reader must know.
std::optional<absl::Time> ParseHttpDate(absl::string_view text) {
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y"}) {
    absl::Time time;
    if (absl::ParseTime(format, text, &time, nullptr)) return time;
  }
  return std::nullopt;
}

}  // namespace

std::string HttpResponse::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

absl::Duration HttpResponse::RetryAfter() const {
  const std::string text = Header("Retry-After");
  absl::Duration wait;
  int64_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds)) {
    wait = absl::Seconds(seconds);
  } else if (auto until = ParseHttpDate(text); until.has_value()) {
    // By the server's own clock, so that it does not matter what ours says.
    wait = *until - ParseHttpDate(Header("Date")).value_or(*until);
  }
  if (wait > absl::ZeroDuration()) return std::min(wait, kLongestRetry);
  return status == 429 || status == 503 ? kDefaultRetry : absl::ZeroDuration();
}

}  // namespace tokenvault
