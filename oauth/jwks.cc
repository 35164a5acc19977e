#include "oauth/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/strict_json.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr absl::Duration kFresh = absl::Minutes(15);
constexpr absl::Duration kUsable = absl::Hours(24);
constexpr absl::Duration kRefetchFloor = absl::Seconds(30);
constexpr size_t kMaxKeySet = size_t{256} * 1024;
constexpr size_t kMaxKeys = 64;
constexpr size_t kMaxKid = 256;
constexpr size_t kCoordinate = 32;  // of P-256 and Ed25519

template <auto Function>
struct Free {
  template <typename T>
  void operator()(T* pointer) const {
    Function(pointer);
  }
};
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using Key = std::shared_ptr<EVP_PKEY>;

Key Own(EVP_PKEY* key) {
  return key == nullptr ? Key() : Key(key, EVP_PKEY_free);
}

// A public key of `type`, checked by OpenSSL: a point must lie on its curve.
Key FromBuilder(const char* type, OSSL_PARAM_BLD* builder) {
  Params params(OSSL_PARAM_BLD_to_param(builder));
  Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* raw = nullptr;
  if (params == nullptr || context == nullptr ||
      EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY,
                        params.get()) != 1) {
    return nullptr;
  }
  Key key = Own(raw);
  Context check(EVP_PKEY_CTX_new_from_pkey(nullptr, raw, nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) {
    return nullptr;
  }
  return key;
}

std::optional<std::string> Bytes(const json& jwk, const char* name) {
  auto text = FindJsonString(jwk, name);
  return text.has_value() ? Base64UrlDecode(*text) : std::nullopt;
}

Number ToNumber(const std::string& bytes) {
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                          static_cast<int>(bytes.size()), nullptr));
}

Key ReadRsa(const json& jwk) {
  auto n = Bytes(jwk, "n");
  auto e = Bytes(jwk, "e");
  // The sizes first: what follows costs time that grows with them.
  if (!n.has_value() || !e.has_value() || n->size() > 1024 || e->empty() ||
      e->size() > 8) {
    return nullptr;
  }
  Number modulus = ToNumber(*n);
  Number exponent = ToNumber(*e);
  Builder builder(OSSL_PARAM_BLD_new());
  if (modulus == nullptr || exponent == nullptr || builder == nullptr ||
      BN_num_bits(modulus.get()) < 2048 || !BN_is_odd(modulus.get()) ||
      !BN_is_odd(exponent.get()) || BN_is_one(exponent.get()) ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N,
                             modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E,
                             exponent.get()) != 1) {
    return nullptr;
  }
  return FromBuilder("RSA", builder.get());
}

Key ReadP256(const json& jwk) {
  auto x = Bytes(jwk, "x");
  auto y = Bytes(jwk, "y");
  if (!x.has_value() || !y.has_value() || x->size() != kCoordinate ||
      y->size() != kCoordinate) {
    return nullptr;
  }
  const std::string point = absl::StrCat("\x04", *x, *y);
  Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                       point.data(), point.size()) != 1) {
    return nullptr;
  }
  return FromBuilder("EC", builder.get());
}

Key ReadEd25519(const json& jwk) {
  auto x = Bytes(jwk, "x");
  if (!x.has_value() || x->size() != kCoordinate) return nullptr;
  return Own(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr,
      reinterpret_cast<const unsigned char*>(x->data()), x->size()));
}

// False for a key that says it is for something else than verifying.
bool IsForVerifying(const json& jwk) {
  if (const json* use = FindJson(jwk, "use"); use != nullptr && *use != "sig") {
    return false;
  }
  const json* operations = FindJson(jwk, "key_ops");
  if (operations == nullptr) return true;
  return operations->is_array() &&
         std::find(operations->begin(), operations->end(), "verify") !=
             operations->end();
}

std::optional<Jwk> ReadKey(const json& item) {
  if (!item.is_object() || !IsForVerifying(item)) return std::nullopt;
  const std::string type = FindJsonString(item, "kty").value_or("");
  const std::string curve = FindJsonString(item, "crv").value_or("");
  const std::string algorithm = FindJsonString(item, "alg").value_or("");
  Jwk jwk;
  jwk.kid = FindJsonString(item, "kid").value_or("");
  if (type == "RSA") {
    jwk.algorithm =
        algorithm == "PS256" ? JwsAlgorithm::kPs256 : JwsAlgorithm::kRs256;
    jwk.key = ReadRsa(item);
  } else if (type == "EC" && curve == "P-256") {
    jwk.algorithm = JwsAlgorithm::kEs256;
    jwk.key = ReadP256(item);
  } else if (type == "OKP" && curve == "Ed25519") {
    jwk.algorithm = JwsAlgorithm::kEdDsa;
    jwk.key = ReadEd25519(item);
  }
  const bool agrees =
      algorithm.empty() || algorithm == JwsAlgorithmName(jwk.algorithm);
  if (jwk.key == nullptr || !agrees || jwk.kid.size() > kMaxKid) {
    return std::nullopt;
  }
  return jwk;
}

}  // namespace

absl::string_view JwsAlgorithmName(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::kRs256:
      return "RS256";
    case JwsAlgorithm::kPs256:
      return "PS256";
    case JwsAlgorithm::kEs256:
      return "ES256";
    case JwsAlgorithm::kEdDsa:
      return "EdDSA";
  }
  return "";
}

const Jwk* Jwks::Find(absl::string_view kid, JwsAlgorithm algorithm) const {
  const Jwk* found = nullptr;
  for (const Jwk& jwk : keys) {
    if (jwk.algorithm != algorithm) continue;
    if (!kid.empty() && jwk.kid != kid) continue;
    if (found != nullptr) return nullptr;  // which of the two?
    found = &jwk;
  }
  return found;
}

bool Jwks::HasKid(absl::string_view kid) const {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const Jwk& jwk) { return jwk.kid == kid; });
}

absl::StatusOr<Jwks> ParseJwks(absl::string_view body, absl::string_view host) {
  auto parsed = ParseStrictJson(body);
  if (auto* problem = std::get_if<JsonProblem>(&parsed)) {
    return errors::ProviderAnswerInvalid(host, JsonProblemName(*problem));
  }
  const json* items = FindJson(std::get<JsonDocument>(parsed).root(), "keys");
  Jwks set;
  if (items != nullptr && items->is_array() && items->size() <= kMaxKeys) {
    for (const json& item : *items) {
      if (auto jwk = ReadKey(item); jwk.has_value()) {
        set.keys.push_back(*std::move(jwk));
      }
    }
  }
  if (set.keys.empty()) return errors::ProviderAnswerInvalid(host, "no_keys");
  return set;
}

absl::StatusOr<std::shared_ptr<const Jwks>> JwksCache::Get(
    absl::string_view jwks_uri, absl::string_view kid, absl::Time now) {
  const std::string key(jwks_uri);
  {
    MutexLock lock(mutex_);
    Entry& entry = entries_[key];
    const bool usable = entry.keys != nullptr && now < entry.fetched + kUsable;
    const bool fresh = usable && now < entry.fetched + kFresh;
    if (fresh && (kid.empty() || entry.keys->HasKid(kid))) return entry.keys;
    if (now < entry.tried + kRefetchFloor) {
      if (usable) return entry.keys;
      if (!entry.failure.ok()) return entry.failure;
    }
    entry.tried = now;
  }
  absl::StatusOr<Jwks> fetched = Fetch(jwks_uri);
  MutexLock lock(mutex_);
  Entry& entry = entries_[key];
  if (fetched.ok()) {
    entry.keys = std::make_shared<const Jwks>(*std::move(fetched));
    entry.fetched = now;
    entry.failure = absl::OkStatus();
    return entry.keys;
  }
  entry.failure = fetched.status();
  if (entry.keys != nullptr && now < entry.fetched + kUsable) return entry.keys;
  return entry.failure;
}

absl::StatusOr<Jwks> JwksCache::Fetch(absl::string_view jwks_uri) {
  ASSIGN_OR_RETURN(const Url url, ParseUrl(jwks_uri));
  HttpRequest request;
  request.url = std::string(jwks_uri);
  request.headers = {{"Accept", "application/json"}};
  request.max_body = kMaxKeySet;
  ASSIGN_OR_RETURN(const HttpResponse answer, http_.Send(request));
  if (answer.status != 200) {
    return errors::ProviderUnreachable(
        url.host, absl::StrCat("http_", answer.status), true);
  }
  return ParseJwks(answer.body.Reveal(), url.host);
}

}  // namespace tokenvault
