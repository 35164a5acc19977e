#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/html_form.h"

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

// A browser for `demo run`, and for nothing else: HTTP/1.1 to this machine
// only, cookies, redirects and forms. It keeps one page open.
//
// Thread-compatible.
class DemoBrowser {
 public:
  struct Page {
    LoopbackUrl url;  // where the redirects ended
    int status = 0;
    HtmlPage html;
    std::string body;
  };

  // Opens a URL, following redirects. FIELD_INVALID for a URL elsewhere,
  // SERVER_UNREACHABLE when nobody answers there.
  absl::Status Open(absl::string_view url);
  // Presses a button or follows a link of the open page.
  absl::Status Follow(const NextStep& step);
  // One GET with a bearer token, without cookies and redirects.
  static absl::StatusOr<HttpAnswer> CallApi(absl::string_view url,
                                            absl::string_view token);

  const Page& page() const { return page_; }

 private:
  struct Cookie {
    std::string value;
    std::string path;
  };

  absl::Status Load(LoopbackUrl url, bool post, std::string body);
  std::string CookiesFor(const LoopbackUrl& url) const;
  void KeepCookies(const LoopbackUrl& url, const HttpAnswer& answer);

  Page page_;
  bool page_hides_origin_ = false;
  // By host and name: like browsers, ports share cookies.
  std::map<std::pair<std::string, std::string>, Cookie> cookies_;
};

}  // namespace tokenvault
