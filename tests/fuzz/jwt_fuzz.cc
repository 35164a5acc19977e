#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "oauth/jwt_verifier.h"

namespace {

// The example keys of RFC 7517 (RSA), RFC 7517 with use "sig" (EC) and RFC
// 8037.
constexpr char kKeys[] = R"({"keys":[
{"kty":"RSA","kid":"rsa","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"},
{"kty":"EC","kid":"ec","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
{"kty":"OKP","kid":"ed","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";

constexpr char kIssuer[] = "https://issuer.example";
const absl::Time kNow = absl::FromUnixSeconds(1800000000);

tokenvault::JwtExpectation Expected() {
  tokenvault::JwtExpectation expected;
  expected.issuer = kIssuer;
  expected.audience = "vault";
  return expected;
}

// As if the signature were good: nobody gets through who is not named, not for
// us, or too late.
void CheckPayload(absl::string_view payload) {
  const tokenvault::JwtExpectation expected = Expected();
  auto verdict = tokenvault::ReadJwtPayload(payload, expected, kNow);
  const auto* claims = std::get_if<tokenvault::JwtClaims>(&verdict);
  if (claims == nullptr) return;
  const auto& audience = claims->audience;
  if (claims->issuer != kIssuer || claims->subject.empty() ||
      claims->subject.size() > 255 ||
      std::find(audience.begin(), audience.end(), "vault") == audience.end() ||
      claims->expires + expected.leeway <= kNow ||
      claims->issued_at - expected.leeway > kNow) {
    __builtin_trap();
  }
}

}  // namespace

// Any bytes as a token. Nobody here has a private key, so none is accepted. And
// any bytes as what one says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kSet =
      new tokenvault::Jwks(*tokenvault::ParseJwks(kKeys, "issuer.example"));
  const absl::string_view token(reinterpret_cast<const char*>(data), size);
  tokenvault::PeekJwt(token);
  auto verdict = tokenvault::VerifyJwt(token, *kSet, Expected(), kNow);
  if (std::holds_alternative<tokenvault::JwtClaims>(verdict)) __builtin_trap();
  CheckPayload(token);
  return 0;
}
