#include "cli/demo_browser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr int kMostRedirects = 10;
// As server/page_frame.h names it, which this floor cannot see.
constexpr char kTypedCode[] = "typed_code";

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303;
}

}  // namespace

absl::Status DemoBrowser::Open(absl::string_view url) {
  ASSIGN_OR_RETURN(LoopbackUrl parsed, ParseLoopbackUrl(url));
  return Load(std::move(parsed), /*post=*/false, "");
}

absl::Status DemoBrowser::Follow(const NextStep& step, absl::string_view code) {
  if (step.form == nullptr) {
    ASSIGN_OR_RETURN(LoopbackUrl url, ResolveUrl(page_.url, step.link->href));
    return Load(std::move(url), /*post=*/false, "");
  }
  auto fields = step.form->fields;
  for (auto& [name, value] : fields) {
    if (name == kTypedCode) value = std::string(code);
  }
  if (!step.button->name.empty()) {
    fields.emplace_back(step.button->name, step.button->value);
  }
  ASSIGN_OR_RETURN(LoopbackUrl url, ResolveUrl(page_.url, step.form->action));
  if (step.form->post) return Load(std::move(url), true, EncodeForm(fields));
  url.path = absl::StrCat(url.path.substr(0, url.path.find('?')), "?",
                          EncodeForm(fields));
  return Load(std::move(url), /*post=*/false, "");
}

absl::Status DemoBrowser::Load(LoopbackUrl url, bool post, std::string body) {
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    const bool same_origin = url.Origin() == page_.url.Origin();
    std::string request =
        absl::StrCat(RequestHead(url, post ? "POST" : "GET"),
                     "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n"
                     "Sec-Fetch-Dest: document\r\nSec-Fetch-Site: ",
                     page_.status == 0 ? "none"
                     : same_origin     ? "same-origin"
                                       : "same-site",
                     "\r\n");
    if (const std::string cookies = CookiesFor(url); !cookies.empty()) {
      absl::StrAppend(&request, "Cookie: ", cookies, "\r\n");
    }
    if (post) {
      // A page that sends no referrer sends no origin with its forms either.
      absl::StrAppend(&request, "Origin: ",
                      page_hides_origin_ ? "null" : page_.url.Origin(),
                      "\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                      "Content-Length: ",
                      body.size(), "\r\n");
    }
    absl::StrAppend(&request, "\r\n", body);
    ASSIGN_OR_RETURN(HttpAnswer answer, Exchange(url, request));
    KeepCookies(url, answer);
    if (!IsRedirect(answer.status)) {
      page_hides_origin_ = HeaderOf(answer, "referrer-policy") == "no-referrer";
      page_ = {std::move(url), answer.status, ParseHtml(answer.body),
               std::move(answer.body)};
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(url, ResolveUrl(url, HeaderOf(answer, "location")));
    post = false;
    body.clear();
  }
  return errors::FieldInvalid("url", "too many redirects");
}

std::string DemoBrowser::CookiesFor(const LoopbackUrl& url) const {
  std::string text;
  const std::string path = url.path.substr(0, url.path.find('?'));
  for (const auto& [key, cookie] : cookies_) {
    if (key.first != url.host || !absl::StartsWith(path, cookie.path)) continue;
    absl::StrAppend(&text, text.empty() ? "" : "; ", key.second, "=",
                    cookie.value);
  }
  return text;
}

void DemoBrowser::KeepCookies(const LoopbackUrl& url,
                              const HttpAnswer& answer) {
  for (const auto& [header, value] : answer.headers) {
    if (header != "set-cookie") continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(value, ';');
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(parts[0], absl::MaxSplits('=', 1));
    Cookie cookie{pair.second, "/"};
    bool gone = false;
    for (size_t i = 1; i < parts.size(); ++i) {
      const std::pair<absl::string_view, absl::string_view> attribute =
          absl::StrSplit(absl::StripAsciiWhitespace(parts[i]),
                         absl::MaxSplits('=', 1));
      if (absl::EqualsIgnoreCase(attribute.first, "path")) {
        cookie.path = std::string(attribute.second);
      }
      gone = gone || (absl::EqualsIgnoreCase(attribute.first, "max-age") &&
                      attribute.second == "0");
    }
    const auto key = std::make_pair(
        url.host, std::string(absl::StripAsciiWhitespace(pair.first)));
    if (gone) {
      cookies_.erase(key);
    } else {
      cookies_[key] = std::move(cookie);
    }
  }
}

}  // namespace tokenvault
