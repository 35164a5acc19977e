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

}  // namespace

// Any bytes as a token. Nobody here has a private key, so none is accepted.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kSet =
      new tokenvault::Jwks(*tokenvault::ParseJwks(kKeys, "issuer.example"));
  tokenvault::JwtExpectation expected;
  expected.issuer = "https://issuer.example";
  expected.audience = "vault";
  const absl::string_view token(reinterpret_cast<const char*>(data), size);
  tokenvault::PeekJwt(token);
  auto verdict = tokenvault::VerifyJwt(token, *kSet, expected,
                                       absl::FromUnixSeconds(1800000000));
  if (std::holds_alternative<tokenvault::JwtClaims>(verdict)) __builtin_trap();
  return 0;
}
