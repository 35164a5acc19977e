#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// One request as the web server hands it to a handler: already checked (one
// allowed Host, no smuggling, within the limits), not interpreted.
struct WebRequest {
  // "GET" or "POST" for the most part. A HEAD stays one, so that only what
  // changes nothing answers it: link previews and scanners send them. Its
  // answer is written without a body.
  std::string method;
  // As sent: starts with "/", percent signs untouched, without the query.
  std::string path;
  // What followed the first "?", as sent. It may hold codes and states: it is
  // never logged.
  std::string query;
  // In the order sent. Trailers of a chunked body are not among them.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The peer's IP address without its port, or "unix".
  std::string remote_address;
  // A client certificate was shown, and TLS verified it.
  bool has_client_certificate = false;
  // Every URI name of it, odd ones too: who counts them must count them all.
  std::vector<std::string> client_uris;

  // The value of a header, by name in any case; "" when it is absent. One sent
  // several times is joined with ", ", so that a doubled Origin matches
  // nothing.
  std::string Header(absl::string_view name) const;
  // The value of a cookie. Nothing when it is absent, and nothing when it is
  // there twice: somebody planted one of them.
  std::optional<std::string> Cookie(absl::string_view name) const;
};

struct WebResponse {
  int status = 200;
  std::string content_type;
  std::string body;
  // Set-Cookie may occur several times. The server adds Content-Length and
  // Connection itself; a response that brings them is refused.
  std::vector<std::pair<std::string, std::string>> headers;
  // Closes the connection without a word: the demo provider loses an answer on
  // purpose.
  bool hang_up = false;
};

// A few words for programs: text/plain, kept by nobody.
WebResponse TextResponse(int status, std::string text);
// 405, with the methods that would do: "GET, POST".
WebResponse WrongMethod(const std::string& allowed);

// Whether a response can be written without saying more than its fields say: no
// control character in a header, no header that frames the message. The server
// answers 500 in place of one that cannot.
bool IsWritable(const WebResponse& response);

// Whether a Host header names one of `allowed`. An entry without a port allows
// every port; names compare without regard to case.
bool IsAllowedHost(absl::string_view host,
                   const std::vector<std::string>& allowed);

// Answers one request. Call it once, from any thread, at any time, even after
// the client or the server is gone. Destroyed uncalled, it answers 500.
using WebRespond = absl::AnyInvocable<void(WebResponse)>;

// Runs on the server's own threads and must not block: it answers at once, or
// hands the work and the WebRespond to a pool.
using WebHandler = std::function<void(WebRequest, WebRespond)>;

}  // namespace tokenvault
