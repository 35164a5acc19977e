#include "cli/loopback_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

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

constexpr size_t kLargestAnswer = 1 << 20;
constexpr timeval kSocketPatience = {30, 0};

// A connected socket, closed with its owner.
class Socket {
 public:
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool Connect(const LoopbackUrl& url) {
    sockaddr_storage address = {};
    socklen_t size = 0;
    if (url.host == "::1") {
      auto& six = reinterpret_cast<sockaddr_in6&>(address);
      six.sin6_family = AF_INET6;
      six.sin6_port = htons(static_cast<uint16_t>(url.port));
      six.sin6_addr = in6addr_loopback;
      size = sizeof(six);
    } else {
      auto& four = reinterpret_cast<sockaddr_in&>(address);
      four.sin_family = AF_INET;
      four.sin_port = htons(static_cast<uint16_t>(url.port));
      four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size = sizeof(four);
    }
    descriptor_ = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return false;
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kSocketPatience,
               sizeof(kSocketPatience));
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kSocketPatience,
               sizeof(kSocketPatience));
    return connect(descriptor_, reinterpret_cast<sockaddr*>(&address), size) ==
           0;
  }

  bool SendAll(absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent =
          send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  std::string ReceiveAll() {
    std::string bytes;
    char block[8192];
    ssize_t got = 0;
    while (bytes.size() < kLargestAnswer &&
           (got = recv(descriptor_, block, sizeof(block), 0)) > 0) {
      bytes.append(block, static_cast<size_t>(got));
    }
    return bytes;
  }

 private:
  int descriptor_ = -1;
};

absl::StatusOr<std::string> Unchunk(absl::string_view bytes) {
  std::string body;
  while (true) {
    const size_t line_end = bytes.find("\r\n");
    if (line_end == absl::string_view::npos) break;
    absl::string_view length = bytes.substr(0, line_end);
    length = length.substr(0, length.find(';'));
    uint32_t size = 0;
    if (!absl::SimpleHexAtoi(length, &size)) break;
    bytes.remove_prefix(line_end + 2);
    if (size == 0) return body;
    if (bytes.size() < size_t{size} + 2) break;
    absl::StrAppend(&body, bytes.substr(0, size));
    bytes.remove_prefix(size_t{size} + 2);
  }
  return errors::FieldInvalid("answer", "its chunks are broken");
}

}  // namespace

std::string LoopbackUrl::Origin() const {
  return absl::StrCat("http://", host == "::1" ? "[::1]" : host, ":", port);
}

std::string LoopbackUrl::ToString() const {
  return absl::StrCat(Origin(), path);
}

absl::StatusOr<LoopbackUrl> ParseLoopbackUrl(absl::string_view url) {
  const absl::Status foreign = errors::FieldInvalid(
      "url", "the demo goes nowhere but to this machine, by http");
  if (!absl::ConsumePrefix(&url, "http://")) return foreign;
  const size_t slash = std::min(url.find_first_of("/?#"), url.size());
  absl::string_view authority = url.substr(0, slash);
  LoopbackUrl parsed;
  for (const char* host : {"127.0.0.1", "localhost", "[::1]"}) {
    if (!absl::ConsumePrefix(&authority, host)) continue;
    parsed.host = absl::string_view(host) == "[::1]" ? "::1" : host;
    break;
  }
  if (parsed.host.empty()) return foreign;
  if (absl::ConsumePrefix(&authority, ":")) {
    if (!absl::SimpleAtoi(authority, &parsed.port) || parsed.port < 1 ||
        parsed.port > 65535) {
      return foreign;
    }
  } else if (!authority.empty()) {
    return foreign;
  }
  absl::string_view path = url.substr(slash);
  path = path.substr(0, path.find('#'));
  parsed.path = absl::StrCat(absl::StartsWith(path, "/") ? "" : "/", path);
  for (char c : parsed.path) {
    if (c <= 0x20 || c == 0x7F) return foreign;
  }
  return parsed;
}

absl::StatusOr<LoopbackUrl> ResolveUrl(const LoopbackUrl& base,
                                       absl::string_view reference) {
  if (reference.empty()) return base;
  if (absl::StrContains(reference.substr(0, reference.find('?')), "://")) {
    return ParseLoopbackUrl(reference);
  }
  if (absl::StartsWith(reference, "//")) {
    return ParseLoopbackUrl(absl::StrCat("http:", reference));
  }
  if (absl::StartsWith(reference, "/")) {
    return ParseLoopbackUrl(absl::StrCat(base.Origin(), reference));
  }
  const std::string path = base.path.substr(0, base.path.find('?'));
  const std::string folder = absl::StartsWith(reference, "?")
                                 ? path
                                 : path.substr(0, path.rfind('/') + 1);
  return ParseLoopbackUrl(absl::StrCat(base.Origin(), folder, reference));
}

absl::StatusOr<HttpAnswer> ParseHttpAnswer(absl::string_view bytes) {
  const absl::Status broken =
      errors::FieldInvalid("answer", "what answers there is no web server");
  const size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == absl::string_view::npos) return broken;
  const std::vector<absl::string_view> lines =
      absl::StrSplit(bytes.substr(0, head_end), "\r\n");
  HttpAnswer answer;
  if (!absl::StartsWith(lines[0], "HTTP/1.") || lines[0].size() < 12 ||
      !absl::SimpleAtoi(lines[0].substr(9, 3), &answer.status)) {
    return broken;
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == absl::string_view::npos) return broken;
    answer.headers.emplace_back(
        absl::AsciiStrToLower(lines[i].substr(0, colon)),
        absl::StripAsciiWhitespace(lines[i].substr(colon + 1)));
  }
  absl::string_view body = bytes.substr(head_end + 4);
  if (absl::EqualsIgnoreCase(HeaderOf(answer, "transfer-encoding"),
                             "chunked")) {
    ASSIGN_OR_RETURN(answer.body, Unchunk(body));
    return answer;
  }
  size_t length = body.size();
  const std::string told = HeaderOf(answer, "content-length");
  if (!told.empty() &&
      (!absl::SimpleAtoi(told, &length) || length > body.size())) {
    return broken;
  }
  answer.body = std::string(body.substr(0, length));
  return answer;
}

std::string HeaderOf(const HttpAnswer& answer, absl::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string RequestHead(const LoopbackUrl& url, absl::string_view method) {
  return absl::StrCat(
      method, " ", url.path,
      " HTTP/1.1\r\nHost: ", absl::StripPrefix(url.Origin(), "http://"),
      "\r\nConnection: close\r\nUser-Agent: tokenvault-demo\r\n");
}

absl::StatusOr<HttpAnswer> Exchange(const LoopbackUrl& url,
                                    absl::string_view request) {
  Socket socket;
  if (!socket.Connect(url) || !socket.SendAll(request)) {
    return errors::ServerUnreachable(url.Origin());
  }
  const std::string bytes = socket.ReceiveAll();
  if (bytes.empty()) return errors::ServerUnreachable(url.Origin());
  return ParseHttpAnswer(bytes);
}

absl::StatusOr<HttpAnswer> HttpGet(absl::string_view url,
                                   absl::string_view token) {
  ASSIGN_OR_RETURN(LoopbackUrl parsed, ParseLoopbackUrl(url));
  std::string request =
      absl::StrCat(RequestHead(parsed, "GET"), "Accept: application/json\r\n");
  if (!token.empty()) {
    absl::StrAppend(&request, "Authorization: Bearer ", token, "\r\n");
  }
  return Exchange(parsed, absl::StrCat(request, "\r\n"));
}

absl::StatusOr<HttpAnswer> HttpPostForm(absl::string_view url,
                                        absl::string_view form) {
  ASSIGN_OR_RETURN(LoopbackUrl parsed, ParseLoopbackUrl(url));
  return Exchange(parsed,
                  absl::StrCat(RequestHead(parsed, "POST"),
                               "Accept: application/json\r\nContent-Type: "
                               "application/x-www-form-urlencoded\r\n"
                               "Content-Length: ",
                               form.size(), "\r\n\r\n", form));
}

}  // namespace tokenvault
