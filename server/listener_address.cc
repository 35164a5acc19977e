#include "server/listener_address.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "oauth/address_guard.h"

namespace tokenvault {

std::optional<ListenerAddress> ParseListenerAddress(absl::string_view text) {
  ListenerAddress address;
  if (absl::ConsumePrefix(&text, "unix:")) {
    // What fits into sockaddr_un, with its end.
    if (!absl::StartsWith(text, "/") || text.size() > 107) return std::nullopt;
    address.unix_path = std::string(text);
    return address;
  }
  size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  absl::string_view host = text.substr(0, colon);
  absl::string_view port = text.substr(colon + 1);
  bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (bracketed) host = host.substr(1, host.size() - 2);
  bool is_ipv6 = host.find(':') != absl::string_view::npos;
  auto ip = IpAddress::Parse(host);
  if (!ip.ok() || is_ipv6 != bracketed) return std::nullopt;
  if (port.empty() || port.size() > 5 ||
      !std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(port, &address.port) || address.port > 65535) {
    return std::nullopt;
  }
  address.host = std::string(host);
  address.loopback = ip->IsLoopback();
  return address;
}

}  // namespace tokenvault
