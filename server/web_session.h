#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/http_types.h"

namespace tokenvault {

// The cookies of our pages: HttpOnly, SameSite=Lax (Strict would drop the
// session when a provider sends the browser back), Path=/, and behind https
// Secure with the __Host- prefix, so that no other host can plant them.
class BrowserCookies {
 public:
  explicit BrowserCookies(bool https) : https_(https) {}

  // `name` is without the prefix. Nothing when absent, or there twice.
  std::optional<std::string> Read(const WebRequest& request,
                                  absl::string_view name) const;
  void Set(WebResponse& response, absl::string_view name,
           absl::string_view value, absl::Duration age) const;
  void Clear(WebResponse& response, absl::string_view name) const;

 private:
  std::string FullName(absl::string_view name) const;
  const bool https_;
};

inline constexpr char kSessionCookie[] = "tv_sess";

// Whether a form was sent by a page of ours, as far as the browser says:
// Sec-Fetch-Site must be same-origin, or Origin `public_url` where a browser
// does not send it. The CSRF token says it a second time.
bool IsOwnForm(const WebRequest& request, absl::string_view public_url);

// The fields of a form POST. FIELD_INVALID for another content type, a field
// that is there twice, or an encoding that is broken.
absl::StatusOr<std::map<std::string, std::string>> ReadForm(
    const WebRequest& request);

// "303 See Other": the only redirect of ours (a 307 would send a form on).
WebResponse SeeOther(std::string location);

}  // namespace tokenvault
