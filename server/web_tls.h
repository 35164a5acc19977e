#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tokenvault {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

// The TLS side of a WebServer: 1.2 with forward secrecy and AEAD only, or 1.3;
// http/1.1; no renegotiation, compression or resumption. With `client_ca_file`
// a client may show a certificate, and the handshake fails if it does not
// verify; without one it asks for none.
// CONFIG_INVALID: a file cannot be read, or the key is not the certificate's.
absl::StatusOr<SslContext> MakeWebTls(const std::string& cert_file,
                                      const std::string& key_file,
                                      const std::string& client_ca_file);

// What the peer showed of itself. `has_certificate` whenever there is one;
// `uris` are all of its URI subject alternative names, in its order, once it
// verified. An odd one (with a line end, say) is among them: it is no agent's
// name, and left out it would make two names look like one. Thread-safe on
// different connections.
struct PeerCertificate {
  bool has_certificate = false;
  std::vector<std::string> uris;
};
PeerCertificate PeerCertificateOf(SSL* ssl);

}  // namespace tokenvault
