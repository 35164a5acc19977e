#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "oauth/jwks.h"

namespace tokenvault {

// Signs JSON Web Tokens: with an operator's key, where that is how our client
// proves itself to a provider (oauth/client_assertion.h), or with a key that is
// made here and dies with the process, for the built-in demo provider and for
// tests that need an issuer. The vault itself signs nothing for others.
//
// Immutable, so thread-safe.
class JwtSigner {
 public:
  // kEs256 or kEdDsa. INTERNAL for other algorithms, or without randomness.
  static absl::StatusOr<JwtSigner> Generate(JwsAlgorithm algorithm,
                                            absl::string_view kid);

  // A private key in PEM, unencrypted: RSA from 2048 bits (RS256), P-256
  // (ES256) or Ed25519 (EdDSA). FIELD_INVALID for everything else.
  static absl::StatusOr<JwtSigner> FromPem(const Secret& pem,
                                           absl::string_view kid);

  // `claims` is a JSON object. The token in its compact form, with `typ`.
  absl::StatusOr<std::string> Sign(absl::string_view claims,
                                   absl::string_view type = "JWT") const;

  JwsAlgorithm algorithm() const { return algorithm_; }

  // The public key, as a JWK set of one; "" for a key from FromPem, whose
  // public half the operator has.
  const std::string& jwks() const { return jwks_; }

 private:
  JwtSigner(JwsAlgorithm algorithm, std::string kid,
            std::shared_ptr<evp_pkey_st> key, std::string jwks);

  JwsAlgorithm algorithm_;
  std::string kid_;
  std::shared_ptr<evp_pkey_st> key_;
  std::string jwks_;
};

}  // namespace tokenvault
