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

// The URI subject alternative names of the peer's certificate; empty unless
// there is one and it verified. Thread-safe on different connections.
std::vector<std::string> VerifiedUris(SSL* ssl);

}  // namespace tokenvault
