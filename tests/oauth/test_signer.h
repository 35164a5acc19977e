#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// The issuer's side of a JSON Web Token: a private key, made anew, that signs
// whatever a test likes, good or bad.
class TestSigner {
 public:
  // `algorithm`: "RS256", "PS256", "ES256" or "EdDSA".
  TestSigner(std::string algorithm, std::string kid, int rsa_bits = 2048);

  // The public key as a JWK. `extra` is more members: R"(,"use":"enc")".
  std::string Jwk(absl::string_view extra = "") const;
  std::string JwkSet() const;

  // base64url(header).base64url(payload).base64url(signature)
  std::string Sign(absl::string_view header, absl::string_view payload) const;
  // With the usual header: alg, kid and typ.
  std::string Sign(absl::string_view payload) const;
  std::string Signature(absl::string_view signed_text) const;

  std::string PublicKeyPem() const;
  std::string PrivateKeyPem() const;

 private:
  std::string algorithm_;
  std::string kid_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace tokenvault
