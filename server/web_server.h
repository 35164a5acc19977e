#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/http_types.h"

namespace tokenvault {

// The HTTP/1.1 listener for browsers, for the JSON door and for metrics. It
// knows no routes: it turns bytes into WebRequests that are safe to believe,
// and WebResponses into bytes.
//
// What it promises about strangers: a request is read whole within
// `read_timeout` or answered 408; too large a header is answered 431, too large
// a body 413, anything ambiguous (two Hosts, two lengths, a length and chunks)
// 400, a Host that is not ours 421; each of these closes the connection. Nobody
// holds more than his share of connections. Nothing in a response can break out
// of its header.
//
//   auto server = WebServer::Start(options, [&](WebRequest request,
//                                               WebRespond respond) { ... });
//   (*server)->address();            // "127.0.0.1:43121"
//   (*server)->Stop(absl::Seconds(5));
//
// Thread-safe. The handler runs on the server's threads, several at a time.
class WebServer {
 public:
  struct Options {
    // "127.0.0.1:0", "[::1]:8080" or "unix:/path" (mode 0660).
    std::string listen;
    // TLS when both are set: PEM files, the certificate with its chain. They
    // are read again when they change.
    std::string tls_cert_file;
    std::string tls_key_file;
    // When set, a client may show a certificate; it must be one of these CAs'.
    std::string client_ca_file;
    // Names a Host header may have: "connect.acme.example" (with any port) or
    // "localhost:8080". At least one.
    std::vector<std::string> allowed_hosts;
    int max_connections = 1024;
    // By IPv4 address, or by IPv6 /64. Raise it behind a proxy.
    int max_connections_per_address = 128;
    // From the first moment a request could arrive to its last byte. It is also
    // how long an idle connection stays open, and what a TLS handshake may
    // take.
    absl::Duration read_timeout = absl::Seconds(5);
    // How long a handler may take: longer than the longest long poll.
    absl::Duration answer_timeout = absl::Seconds(75);
    // How soon a renewed certificate is used.
    absl::Duration tls_check_interval = absl::Seconds(10);
    size_t body_limit = 64 * 1024;
    size_t header_limit = 16 * 1024;
    int threads = 2;
  };

  // Listens and serves when it returns.
  // CONFIG_INVALID: the address or one of the files cannot be used.
  static absl::StatusOr<std::unique_ptr<WebServer>> Start(Options options,
                                                          WebHandler handler);
  // Stops without grace if Stop was not called.
  ~WebServer();

  // Where it listens, with the real port: "127.0.0.1:43121" or "unix:/path".
  std::string address() const;

  // Accepts nobody more, closes idle connections, lets requests under way be
  // answered for at most `grace`, then cuts what is left. No handler runs after
  // it returns. Calling it again does nothing.
  void Stop(absl::Duration grace);

 private:
  class Impl;
  explicit WebServer(std::shared_ptr<Impl> impl);

  // Shared with unanswered WebRespond objects, which may outlive the server.
  std::shared_ptr<Impl> impl_;
};

}  // namespace tokenvault
