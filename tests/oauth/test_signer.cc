#include "tests/oauth/test_signer.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"

namespace tokenvault {
namespace {

EVP_PKEY* Generate(const std::string& algorithm, int rsa_bits) {
  if (algorithm == "ES256") return EVP_EC_gen("P-256");
  if (algorithm == "EdDSA")
    return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return EVP_RSA_gen(static_cast<unsigned>(rsa_bits));
}

std::string Number(EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  if (size == 0) size = BN_num_bytes(number);
  std::string bytes(static_cast<size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size);
  BN_free(number);
  return Base64UrlEncode(bytes);
}

// DER to r || s.
std::string Flatten(const std::string& der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* parsed =
      d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size()));
  std::string flat(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(flat.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(parsed), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(parsed), out + 32, 32);
  ECDSA_SIG_free(parsed);
  return flat;
}

}  // namespace

TestSigner::TestSigner(std::string algorithm, std::string kid, int rsa_bits)
    : algorithm_(std::move(algorithm)),
      kid_(std::move(kid)),
      key_(Generate(algorithm_, rsa_bits), EVP_PKEY_free) {}

std::string TestSigner::Jwk(absl::string_view extra) const {
  std::string jwk =
      absl::StrCat(R"({"kid":")", kid_, R"(","alg":")", algorithm_, R"(",)");
  if (algorithm_ == "ES256") {
    absl::StrAppend(&jwk, R"("kty":"EC","crv":"P-256","x":")",
                    Number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, 32),
                    R"(","y":")",
                    Number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 32), "\"");
  } else if (algorithm_ == "EdDSA") {
    std::string raw(32, '\0');
    size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(
        key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    absl::StrAppend(&jwk, R"("kty":"OKP","crv":"Ed25519","x":")",
                    Base64UrlEncode(raw), "\"");
  } else {
    absl::StrAppend(&jwk, R"("kty":"RSA","n":")",
                    Number(key_.get(), OSSL_PKEY_PARAM_RSA_N), R"(","e":")",
                    Number(key_.get(), OSSL_PKEY_PARAM_RSA_E), "\"");
  }
  return absl::StrCat(jwk, extra, "}");
}

std::string TestSigner::JwkSet() const {
  return absl::StrCat(R"({"keys":[)", Jwk(), "]}");
}

std::string TestSigner::Signature(absl::string_view signed_text) const {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context.get(), &options,
                     algorithm_ == "EdDSA" ? nullptr : EVP_sha256(), nullptr,
                     key_.get());
  if (algorithm_ == "PS256") {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  const auto* data = reinterpret_cast<const unsigned char*>(signed_text.data());
  size_t size = 0;
  EVP_DigestSign(context.get(), nullptr, &size, data, signed_text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(),
                 reinterpret_cast<unsigned char*>(signature.data()), &size,
                 data, signed_text.size());
  signature.resize(size);
  return algorithm_ == "ES256" ? Flatten(signature) : signature;
}

std::string TestSigner::Sign(absl::string_view header,
                             absl::string_view payload) const {
  const std::string text =
      absl::StrCat(Base64UrlEncode(header), ".", Base64UrlEncode(payload));
  return absl::StrCat(text, ".", Base64UrlEncode(Signature(text)));
}

std::string TestSigner::Sign(absl::string_view payload) const {
  return Sign(absl::StrCat(R"({"alg":")", algorithm_, R"(","kid":")", kid_,
                           R"(","typ":"JWT"})"),
              payload);
}

std::string TestSigner::PublicKeyPem() const {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(out, key_.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(out);
  return pem;
}

std::string TestSigner::PrivateKeyPem() const {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(out);
  return pem;
}

}  // namespace tokenvault
