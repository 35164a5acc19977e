#include "server/web_tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

// Only http/1.1 is spoken here. A client that insists on something else is
// turned away, so that no other protocol's bytes are ever taken for HTTP (the
// ALPACA attack).
int SelectHttp11(SSL*, const unsigned char** out, unsigned char* out_size,
                 const unsigned char* offered, unsigned int offered_size,
                 void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kHttp11, sizeof(kHttp11) - 1,
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

// OpenSSL's own words may quote the file; its queue is emptied, not repeated.
absl::Status FileUnusable(absl::string_view option, absl::string_view problem) {
  ERR_clear_error();
  return errors::ConfigInvalid(option, problem);
}

}  // namespace

absl::StatusOr<SslContext> MakeWebTls(const std::string& cert_file,
                                      const std::string& key_file,
                                      const std::string& client_ca_file) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return errors::Internal("SSL_CTX_new failed");
  SSL_CTX* ssl = context.get();
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_options(
      ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Resumption would skip the look at the client's certificate.
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(ssl, SelectHttp11, nullptr);
  if (SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
    return errors::Internal("the cipher list was not taken");
  }
  if (SSL_CTX_use_certificate_chain_file(ssl, cert_file.c_str()) != 1) {
    return FileUnusable("tls_cert_file", "is not a readable PEM certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(ssl, key_file.c_str(), SSL_FILETYPE_PEM) !=
          1 ||
      SSL_CTX_check_private_key(ssl) != 1) {
    return FileUnusable("tls_key_file",
                        "is not a readable PEM key of that certificate");
  }
  if (!client_ca_file.empty()) {
    if (SSL_CTX_load_verify_file(ssl, client_ca_file.c_str()) != 1) {
      return FileUnusable("client_ca_file",
                          "is not a readable PEM certificate");
    }
    SSL_CTX_set_client_CA_list(ssl,
                               SSL_load_client_CA_file(client_ca_file.c_str()));
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  }
  return context;
}

PeerCertificate PeerCertificateOf(SSL* ssl) {
  PeerCertificate peer;
  X509* certificate = SSL_get0_peer_certificate(ssl);
  peer.has_certificate = certificate != nullptr;
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
    return peer;
  }
  // None also where the extension is broken or there twice.
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    peer.uris.emplace_back(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
        ASN1_STRING_length(text));
  }
  GENERAL_NAMES_free(names);
  return peer;
}

}  // namespace tokenvault
