#include "vault/resource_pattern.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

bool IsPlainCharacter(char c) {
  // "%" may hide any of the others.
  return IsUnreserved(c) ||
         absl::string_view(":/?@!$&'()+,;=").find(c) != absl::string_view::npos;
}

// Whether no other reader could take it for another resource: no escapes, no
// segments that go up or nowhere, scheme and host as ParseUrl would write them.
bool IsPlainResource(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == 0 || colon == absl::string_view::npos ||
      !std::all_of(text.begin(), text.end(), IsPlainCharacter) ||
      std::any_of(text.begin(), text.begin() + colon,
                  [](char c) { return absl::ascii_isupper(c); })) {
    return false;
  }
  const absl::string_view scheme = text.substr(0, colon);
  if (scheme == "https" || scheme == "http") {
    auto url = ParseUrl(text);
    // A missing path is "/", so one without has two spellings as well: the
    // shorter one is what people write.
    if (!url.ok() || (url->ToString() != text &&
                      url->ToString() != absl::StrCat(text, "/"))) {
      return false;
    }
  }
  const std::vector<absl::string_view> segments =
      absl::StrSplit(text.substr(0, text.find('?')), '/');
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i] == "." || segments[i] == "..") return false;
    // "https:" "" "host"; a slash may stand at the end.
    if (segments[i].empty() && i != 1 && i + 1 != segments.size()) return false;
  }
  return true;
}

// A missing path is the root.
absl::string_view WithoutRoot(absl::string_view url) {
  if (std::count(url.begin(), url.end(), '/') == 3) {
    return absl::StripSuffix(url, "/");
  }
  return url;
}

// What a careless server would compare: no query, one slash at the end, and
// small letters.
std::string Loosely(absl::string_view url) {
  url = absl::StripSuffix(url.substr(0, url.find('?')), "/");
  return absl::AsciiStrToLower(absl::StrCat(url, "/"));
}

}  // namespace

absl::StatusOr<ResourcePattern> ResourcePattern::Parse(absl::string_view text) {
  absl::string_view uri = text;
  const bool prefix = absl::ConsumeSuffix(&uri, "/*");
  // At least a host stands before the segment that is open.
  const size_t authority = uri.find("//");
  const bool has_place =
      !prefix || (authority != absl::string_view::npos &&
                  authority + 2 < uri.size() && !absl::StrContains(uri, "?"));
  if (!has_place || !IsPlainResource(uri)) {
    return errors::FieldInvalid(
        "resources",
        "wants URIs in their plain spelling, such as "
        "\"https://api.example.com/files\", or with \"/*\" at the end for all "
        "below");
  }
  return ResourcePattern(text);
}

Fit ResourcePattern::FitOf(absl::string_view resource) const {
  if (resource == text_) return Fit::kYes;
  if (resource.empty() || !IsPlainResource(resource)) return Fit::kUnknown;
  absl::string_view beginning = text_;
  const bool prefix = absl::ConsumeSuffix(&beginning, "*");
  const bool fits = prefix ? absl::StartsWith(resource, beginning)
                           : WithoutRoot(resource) == WithoutRoot(text_);
  if (fits) return Fit::kYes;
  // Not the same by the letter, but many servers see no difference.
  const std::string loose = Loosely(resource);
  const bool may_fit = prefix ? absl::StartsWith(loose, Loosely(beginning))
                              : loose == Loosely(text_);
  return may_fit ? Fit::kUnknown : Fit::kNo;
}

}  // namespace tokenvault
