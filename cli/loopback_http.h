#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// HTTP/1.1 to this machine, and to no other: what the demo needs of it.
namespace tokenvault {

// An http URL on this machine, in parts.
struct LoopbackUrl {
  std::string host;  // "127.0.0.1", "::1" or "localhost"
  int port = 80;
  std::string path;  // with the query: "/c/7Q4M?x=1"

  std::string Origin() const;  // "http://127.0.0.1:7480"
  std::string ToString() const;
};

// FIELD_INVALID for anything but http to this machine.
absl::StatusOr<LoopbackUrl> ParseLoopbackUrl(absl::string_view url);
// What a link or a Location header means on the page at `base`.
absl::StatusOr<LoopbackUrl> ResolveUrl(const LoopbackUrl& base,
                                       absl::string_view reference);

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names
  std::string body;
};

// Reads a whole answer as it came over the line: with a length, in chunks, or
// to the end. FIELD_INVALID for what is no HTTP.
absl::StatusOr<HttpAnswer> ParseHttpAnswer(absl::string_view bytes);

// The value of a header by its lower-case name, or "".
std::string HeaderOf(const HttpAnswer& answer, absl::string_view name);

// "GET /x HTTP/1.1" with Host, Connection and User-Agent, each line ended.
std::string RequestHead(const LoopbackUrl& url, absl::string_view method);
// Sends a whole request and reads the answer. SERVER_UNREACHABLE when nobody
// answers there.
absl::StatusOr<HttpAnswer> Exchange(const LoopbackUrl& url,
                                    absl::string_view request);

// One call without cookies and redirects: a GET, with a bearer token unless it
// is "", and a POST of a form. FIELD_INVALID for a URL elsewhere; errors of
// Exchange.
absl::StatusOr<HttpAnswer> HttpGet(absl::string_view url,
                                   absl::string_view token = "");
absl::StatusOr<HttpAnswer> HttpPostForm(absl::string_view url,
                                        absl::string_view form);

}  // namespace tokenvault
