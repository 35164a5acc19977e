#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"

namespace tokenvault {

struct HttpRequest {
  std::string method = "GET";
  // Never logged and never in a status, beyond its host: with some providers a
  // token is in it.
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  Secret body;
  Secret authorization;  // the value of the Authorization header, or empty
  // For all of it, name to body; never longer than the client's own rules say.
  absl::Duration timeout = absl::InfiniteDuration();
  size_t max_body = size_t{64} * 1024;  // of the answer
  bool wants_certificate = false;       // HttpResponse::certificate_end_time
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  Secret body;  // an answer of a token endpoint is made of secrets
  // Until when the server's certificate is good; InfiniteFuture when nobody
  // wanted to know, or there is none.
  absl::Time certificate_end_time = absl::InfiniteFuture();

  // The first header of that name, in any case of letters, or "".
  std::string Header(absl::string_view name) const;
  // Retry-After, in seconds or as a date after the answer's own Date, at most
  // an hour. Where it says nothing usable: half a minute with 429 and 503, and
  // else zero.
  absl::Duration RetryAfter() const;
};

// The network: one of the three doors to the world (docs/architecture.md).
// Tests use tests/support/fake_http_client.h.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Sends once and waits for the answer. Never repeats a request, follows no
  // redirect: a 302 is an answer like another. Thread-safe; blocks.
  //
  // PROVIDER_UNREACHABLE, with `problem` "dns", "connect", "tls", "timeout",
  // "reset" or "stopped", and `maybe_sent`, which is false only if no byte of
  // the request can have left. ADDRESS_REFUSED: the guard said no; nothing was
  // sent. PROVIDER_ANSWER_INVALID, "too_large" or "not_http". FIELD_INVALID:
  // the URL or a header is not one. The provider named in these is the host.
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;
};

}  // namespace tokenvault
