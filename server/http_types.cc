#include "server/http_types.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tokenvault {
namespace {

// RFC 9110 §5.6.2.
bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) ||
           absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
  });
}

bool HasControl(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), absl::ascii_iscntrl);
}

// The server alone says where a message ends.
bool IsFraming(absl::string_view name) {
  for (absl::string_view framing :
       {"connection", "content-length", "content-type", "trailer",
        "transfer-encoding", "upgrade"}) {
    if (absl::EqualsIgnoreCase(name, framing)) return true;
  }
  return false;
}

absl::string_view WithoutPort(absl::string_view host) {
  size_t colon = host.rfind(':');
  if (colon == absl::string_view::npos) return host;
  absl::string_view port = host.substr(colon + 1);
  bool digits = !port.empty() && port.size() <= 5 &&
                std::all_of(port.begin(), port.end(), absl::ascii_isdigit);
  return digits ? host.substr(0, colon) : host;
}

}  // namespace

std::string WebRequest::Header(absl::string_view name) const {
  std::string joined;
  bool found = false;
  for (const auto& [key, value] : headers) {
    if (!absl::EqualsIgnoreCase(key, name)) continue;
    if (found) joined += ", ";
    joined += value;
    found = true;
  }
  return joined;
}

std::optional<std::string> WebRequest::Cookie(absl::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [key, value] : headers) {
    if (!absl::EqualsIgnoreCase(key, "cookie")) continue;
    for (absl::string_view pair : absl::StrSplit(value, ';')) {
      pair = absl::StripAsciiWhitespace(pair);
      size_t equals = pair.find('=');
      if (equals == absl::string_view::npos) continue;
      if (pair.substr(0, equals) != name) continue;
      if (found.has_value()) return std::nullopt;
      found = std::string(pair.substr(equals + 1));
    }
  }
  return found;
}

WebResponse TextResponse(int status, std::string text) {
  WebResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  response.headers = {{"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  return response;
}

WebResponse WrongMethod(const std::string& allowed) {
  WebResponse response =
      TextResponse(405, absl::StrCat("the method must be ", allowed, "\n"));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

bool IsWritable(const WebResponse& response) {
  if (response.status < 200 || response.status > 599) return false;
  if (HasControl(response.content_type)) return false;
  for (const auto& [name, value] : response.headers) {
    if (!IsToken(name) || IsFraming(name) || HasControl(value)) return false;
  }
  return true;
}

bool IsAllowedHost(absl::string_view host,
                   const std::vector<std::string>& allowed) {
  absl::string_view bare = WithoutPort(host);
  for (const std::string& entry : allowed) {
    if (absl::EqualsIgnoreCase(host, entry)) return true;
    if (absl::EqualsIgnoreCase(bare, entry)) return true;
  }
  return false;
}

}  // namespace tokenvault
