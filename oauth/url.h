#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// An absolute http or https URL, taken apart. Stricter than browsers, so that
// two readers of it cannot disagree: printable ASCII, no user name, no
// backslash, no fragment, a plain host name or address.
struct Url {
  std::string scheme;  // "https" or "http"
  std::string host;    // lower case; IPv6 without its brackets
  int port = 0;        // 0: the scheme's own
  std::string path;    // "/" at least, still escaped
  std::string query;   // without '?', still escaped

  // "https://example.com:8443", without a port that is the scheme's own.
  std::string Origin() const;
  std::string ToString() const;
};

// FIELD_INVALID on "url". Does not quote what it refuses.
absl::StatusOr<Url> ParseUrl(absl::string_view text);

// Its host, for words about it; "server" when it is no URL.
std::string HostOf(absl::string_view url);

// Names with values that stay where they are: often a part of a Secret.
using FormFields = std::vector<std::pair<std::string, absl::string_view>>;

// Whether it stands for itself anywhere in a URL (RFC 3986 section 2.3).
bool IsUnreserved(char c);

// application/x-www-form-urlencoded. One allocation of the final size, so that
// FormEncode's result can become a Secret and leave no copy behind.
std::string FormEscape(absl::string_view text);
std::string FormEncode(const FormFields& fields);

// The reverse, strictly: FIELD_INVALID on "query" for a broken escape, a raw
// control character or a name that comes twice. Each half of an attacker's pair
// could convince another reader.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseQuery(
    absl::string_view query);

// `url` with more fields in its query. `url` has no fragment.
std::string AppendQuery(absl::string_view url, const FormFields& fields);

}  // namespace tokenvault
