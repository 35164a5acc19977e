#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

#include "server/listener_address.h"

// The addresses of a WebServer, as the network library wants and gives them.
namespace tokenvault {

// Where to bind.
boost::asio::generic::stream_protocol::endpoint ToEndpoint(
    const ListenerAddress& listen);

// "127.0.0.1:8080" or "[::1]:8080".
std::string ToString(const boost::asio::ip::tcp::endpoint& endpoint);

// The IP endpoint inside a generic one; nothing for a Unix socket. An IPv4
// address that came in through an IPv6 socket is IPv4 again.
std::optional<boost::asio::ip::tcp::endpoint> IpEndpoint(
    const boost::asio::generic::stream_protocol::endpoint& endpoint);

// Who shares one allowance of connections: an IPv4 address, or the /64 that one
// subscriber of IPv6 has to himself.
std::string AllowanceOf(const boost::asio::ip::address& ip);

}  // namespace tokenvault
