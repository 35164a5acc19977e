#include "server/spiffe_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tokenvault {
namespace {

bool IsSegment(absl::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         std::all_of(segment.begin(), segment.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

}  // namespace

bool IsTrustDomain(absl::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                  c == '.' || c == '-' || c == '_';
         });
}

std::optional<SpiffeId> ParseSpiffeId(absl::string_view text) {
  if (text.size() > 2048 || !absl::ConsumePrefix(&text, "spiffe://")) {
    return std::nullopt;
  }
  size_t slash = text.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  absl::string_view domain = text.substr(0, slash);
  absl::string_view path = text.substr(slash);
  if (!IsTrustDomain(domain)) return std::nullopt;
  for (absl::string_view segment : absl::StrSplit(path.substr(1), '/')) {
    if (!IsSegment(segment)) return std::nullopt;
  }
  return SpiffeId{std::string(domain), std::string(path)};
}

}  // namespace tokenvault
