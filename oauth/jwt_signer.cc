#include "oauth/jwt_signer.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr size_t kP256Coordinate = 32;
constexpr int kLeastRsa = 2048;

std::string Bytes(const std::vector<unsigned char>& bytes) {
  return std::string(bytes.begin(), bytes.end());
}

// The public key as a JWK without `kid`; nothing when OpenSSL will not say.
std::optional<nlohmann::json> PublicJwk(JwsAlgorithm algorithm, EVP_PKEY* key) {
  if (algorithm == JwsAlgorithm::kEdDsa) {
    std::vector<unsigned char> raw(32);
    size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1) {
      return std::nullopt;
    }
    return nlohmann::json{
        {"kty", "OKP"}, {"crv", "Ed25519"}, {"x", Base64UrlEncode(Bytes(raw))}};
  }
  // An uncompressed point: 4, x, y.
  std::vector<unsigned char> point(1 + 2 * kP256Coordinate);
  size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
                                      point.data(), point.size(), &size) != 1 ||
      size != point.size() || point[0] != 4) {
    return std::nullopt;
  }
  const std::string xy = Bytes(point).substr(1);
  return nlohmann::json{{"kty", "EC"},
                        {"crv", "P-256"},
                        {"x", Base64UrlEncode(xy.substr(0, kP256Coordinate))},
                        {"y", Base64UrlEncode(xy.substr(kP256Coordinate))}};
}

// OpenSSL writes ECDSA signatures in DER, JOSE as two numbers of fixed size.
std::optional<std::string> JoseFromDer(const std::vector<unsigned char>& der) {
  const unsigned char* data = der.data();
  std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(
      d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())),
      ECDSA_SIG_free);
  std::vector<unsigned char> out(2 * kP256Coordinate);
  if (signature == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(),
                   kP256Coordinate) != kP256Coordinate ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()),
                   out.data() + kP256Coordinate,
                   kP256Coordinate) != kP256Coordinate) {
    return std::nullopt;
  }
  return Bytes(out);
}

std::optional<std::string> Signature(JwsAlgorithm algorithm, EVP_PKEY* key,
                                     const std::string& text) {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                             EVP_MD_CTX_free);
  // Ed25519 hashes by itself. RSA signs by PKCS #1 unless told otherwise.
  const EVP_MD* digest =
      algorithm == JwsAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1) {
    return std::nullopt;
  }
  std::vector<unsigned char> out(size);
  if (EVP_DigestSign(context.get(), out.data(), &size, data, text.size()) !=
      1) {
    return std::nullopt;
  }
  out.resize(size);
  return algorithm == JwsAlgorithm::kEs256 ? JoseFromDer(out) : Bytes(out);
}

// An encrypted key has no passphrase here, and nobody is asked for one.
int NoPassphrase(char*, int, int, void*) { return -1; }

std::optional<JwsAlgorithm> AlgorithmOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return JwsAlgorithm::kEdDsa;
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= kLeastRsa) {
    return JwsAlgorithm::kRs256;
  }
  char group[32] = "";
  if (EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr) == 1 &&
      absl::string_view(group) == "prime256v1") {
    return JwsAlgorithm::kEs256;
  }
  return std::nullopt;
}

}  // namespace

JwtSigner::JwtSigner(JwsAlgorithm algorithm, std::string kid,
                     std::shared_ptr<evp_pkey_st> key, std::string jwks)
    : algorithm_(algorithm),
      kid_(std::move(kid)),
      key_(std::move(key)),
      jwks_(std::move(jwks)) {}

absl::StatusOr<JwtSigner> JwtSigner::Generate(JwsAlgorithm algorithm,
                                              absl::string_view kid) {
  EVP_PKEY* made = nullptr;
  if (algorithm == JwsAlgorithm::kEdDsa) {
    made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  } else if (algorithm == JwsAlgorithm::kEs256) {
    made = EVP_EC_gen("P-256");
  }
  if (made == nullptr) return errors::Internal("no key to sign with");
  std::shared_ptr<evp_pkey_st> key(made, EVP_PKEY_free);
  std::optional<nlohmann::json> jwk = PublicJwk(algorithm, made);
  if (!jwk.has_value()) return errors::Internal("no public key to show");
  (*jwk)["kid"] = std::string(kid);
  (*jwk)["use"] = "sig";
  (*jwk)["alg"] = std::string(JwsAlgorithmName(algorithm));
  nlohmann::json set = {{"keys", nlohmann::json::array({*jwk})}};
  return JwtSigner(algorithm, std::string(kid), std::move(key), set.dump());
}

absl::StatusOr<JwtSigner> JwtSigner::FromPem(const Secret& pem,
                                             absl::string_view kid) {
  const absl::string_view text = pem.Reveal();
  std::unique_ptr<BIO, int (*)(BIO*)> source(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  std::shared_ptr<evp_pkey_st> key(
      source == nullptr ? nullptr
                        : PEM_read_bio_PrivateKey(source.get(), nullptr,
                                                  NoPassphrase, nullptr),
      EVP_PKEY_free);
  // What it complains of here is nobody else's.
  ERR_clear_error();
  std::optional<JwsAlgorithm> algorithm =
      key == nullptr ? std::nullopt : AlgorithmOf(key.get());
  if (!algorithm.has_value()) {
    return errors::FieldInvalid("key", "is no private key we can sign with");
  }
  return JwtSigner(*algorithm, std::string(kid), std::move(key), "");
}

absl::StatusOr<std::string> JwtSigner::Sign(absl::string_view claims,
                                            absl::string_view type) const {
  nlohmann::json header = {{"alg", std::string(JwsAlgorithmName(algorithm_))},
                           {"typ", std::string(type)}};
  if (!kid_.empty()) header["kid"] = kid_;
  const std::string text = absl::StrCat(Base64UrlEncode(header.dump()), ".",
                                        Base64UrlEncode(claims));
  std::optional<std::string> signature =
      Signature(algorithm_, key_.get(), text);
  if (!signature.has_value()) return errors::Internal("could not sign");
  return absl::StrCat(text, ".", Base64UrlEncode(*signature));
}

}  // namespace tokenvault
