#include "server/web_session.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/url.h"

namespace tokenvault {

std::string BrowserCookies::FullName(absl::string_view name) const {
  return absl::StrCat(https_ ? "__Host-" : "", name);
}

std::optional<std::string> BrowserCookies::Read(const WebRequest& request,
                                                absl::string_view name) const {
  return request.Cookie(FullName(name));
}

void BrowserCookies::Set(WebResponse& response, absl::string_view name,
                         absl::string_view value, absl::Duration age) const {
  response.headers.emplace_back(
      "Set-Cookie",
      absl::StrCat(FullName(name), "=", value,
                   "; Path=/; HttpOnly; SameSite=Lax; Max-Age=",
                   absl::ToInt64Seconds(age), https_ ? "; Secure" : ""));
}

void BrowserCookies::Clear(WebResponse& response,
                           absl::string_view name) const {
  Set(response, name, "", absl::ZeroDuration());
}

bool IsOwnForm(const WebRequest& request, absl::string_view public_url) {
  const std::string site = request.Header("Sec-Fetch-Site");
  const std::string origin = request.Header("Origin");
  if (site.empty()) return origin == public_url;
  // Our pages say no-referrer, and so browsers hide the origin of their forms
  // even from ourselves (Fetch, "append a request Origin header").
  return site == "same-origin" && (origin == public_url || origin == "null");
}

absl::StatusOr<std::map<std::string, std::string>> ReadForm(
    const WebRequest& request) {
  const std::string type = request.Header("Content-Type");
  if (!absl::StartsWithIgnoreCase(type, "application/x-www-form-urlencoded")) {
    return errors::FieldInvalid("content-type",
                                "must be application/x-www-form-urlencoded");
  }
  ASSIGN_OR_RETURN(auto fields, ParseQuery(request.body));
  return std::map<std::string, std::string>(fields.begin(), fields.end());
}

WebResponse SeeOther(std::string location) {
  WebResponse response;
  response.status = 303;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.emplace_back("Location", std::move(location));
  return response;
}

}  // namespace tokenvault
