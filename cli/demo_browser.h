#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/html_form.h"
#include "cli/loopback_http.h"

namespace tokenvault {

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
  // Presses a button or follows a link of the open page. `code` is typed where
  // the page asks for the one that the agent shows.
  absl::Status Follow(const NextStep& step, absl::string_view code = "");

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
