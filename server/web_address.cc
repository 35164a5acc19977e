#include "server/web_address.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;

Protocol::endpoint ToEndpoint(const ListenerAddress& listen) {
  if (listen.is_unix()) {
    return asio::local::stream_protocol::endpoint(listen.unix_path);
  }
  // ParseListenerAddress took nothing but an IP address.
  boost::system::error_code ec;
  return asio::ip::tcp::endpoint(asio::ip::make_address(listen.host, ec),
                                 listen.port);
}

std::string ToString(const asio::ip::tcp::endpoint& endpoint) {
  std::string ip = endpoint.address().to_string();
  if (endpoint.address().is_v6()) ip = absl::StrCat("[", ip, "]");
  return absl::StrCat(ip, ":", endpoint.port());
}

std::optional<asio::ip::tcp::endpoint> IpEndpoint(
    const Protocol::endpoint& endpoint) {
  int family = endpoint.protocol().family();
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  asio::ip::tcp::endpoint ip;
  if (endpoint.size() > ip.capacity()) return std::nullopt;
  std::memcpy(ip.data(), endpoint.data(), endpoint.size());
  ip.resize(endpoint.size());
  if (ip.address().is_v6() && ip.address().to_v6().is_v4_mapped()) {
    ip.address(
        asio::ip::make_address_v4(asio::ip::v4_mapped, ip.address().to_v6()));
  }
  return ip;
}

std::string AllowanceOf(const asio::ip::address& ip) {
  if (ip.is_v4()) return ip.to_string();
  asio::ip::address_v6::bytes_type bytes = ip.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::address_v6(bytes).to_string();
}

}  // namespace tokenvault
