#include "oauth/client_assertion.h"

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "oauth/jwt_signer.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kAge = absl::Seconds(5);
constexpr absl::Duration kLife = absl::Seconds(60);

// Never the same twice. Nobody has to be unable to guess it: without the key it
// is worth nothing.
std::string NextId(const Provider& provider, absl::Time now) {
  static std::atomic<uint64_t> count{0};
  return Base64UrlEncode(
      Sha256(absl::StrCat(provider.client_id, " ", absl::ToUnixNanos(now), " ",
                          count.fetch_add(1, std::memory_order_relaxed))));
}

}  // namespace

absl::StatusOr<std::string> MakeClientAssertion(const Provider& provider,
                                                absl::string_view url,
                                                absl::Time now) {
  if (provider.client_key == nullptr) {
    return errors::ProviderMisconfigured(provider.id.value, "client_key");
  }
  if (now == absl::InfinitePast()) {
    return errors::Internal("a client assertion needs the time");
  }
  nlohmann::json claims = {
      {"iss", provider.client_id},
      {"sub", provider.client_id},
      {"aud", provider.issuer.empty() ? std::string(url) : provider.issuer},
      {"jti", NextId(provider, now)},
      {"iat", absl::ToUnixSeconds(now - kAge)},
      {"exp", absl::ToUnixSeconds(now + kLife)}};
  return provider.client_key->Sign(claims.dump());
}

}  // namespace tokenvault
