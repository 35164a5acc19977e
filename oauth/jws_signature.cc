#include "oauth/jws_signature.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace tokenvault {
namespace {

constexpr size_t kHalf = 32;  // r and s of ES256

const unsigned char* Data(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// JOSE writes r and s side by side; OpenSSL wants them in DER. Zero and values
// beyond the order are refused by the verification itself (and tested).
std::optional<std::string> ToDer(absl::string_view signature) {
  if (signature.size() != 2 * kHalf) return std::nullopt;
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> parsed(ECDSA_SIG_new(),
                                                               ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(Data(signature), kHalf, nullptr);
  BIGNUM* s = BN_bin2bn(Data(signature) + kHalf, kHalf, nullptr);
  if (parsed == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(parsed.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return std::nullopt;
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parsed.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string result(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return result;
}

}  // namespace

bool VerifySignature(const Jwk& jwk, absl::string_view signed_text,
                     absl::string_view signature) {
  std::string der;
  if (jwk.algorithm == JwsAlgorithm::kEs256) {
    auto converted = ToDer(signature);
    if (!converted.has_value()) return false;
    der = *std::move(converted);
    signature = der;
  }
  // Ed25519 hashes by itself.
  const EVP_MD* digest =
      jwk.algorithm == JwsAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* options = nullptr;  // owned by the context
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), &options, digest, nullptr,
                           jwk.key.get()) != 1) {
    return false;
  }
  if (jwk.algorithm == JwsAlgorithm::kPs256 &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) !=
           1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), Data(signature), signature.size(),
                          Data(signed_text), signed_text.size()) == 1;
}

}  // namespace tokenvault
