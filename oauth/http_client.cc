#include "oauth/http_client.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace tokenvault {

std::string HttpResponse::Header(absl::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (absl::EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

absl::Duration HttpResponse::RetryAfter() const {
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(Header("Retry-After"), &seconds) || seconds <= 0) {
    return absl::ZeroDuration();
  }
  return std::min(absl::Seconds(seconds), absl::Hours(1));
}

}  // namespace tokenvault
