#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/jwks.h"

// JSON Web Tokens signed by an issuer we know (RFC 7515, 7519, 8725). Pure:
// keys and time are given.
namespace tokenvault {

struct JwtExpectation {
  std::string issuer;    // equal byte by byte
  std::string audience;  // must be the token's, or one of them
  std::set<JwsAlgorithm> algorithms = {
      JwsAlgorithm::kRs256, JwsAlgorithm::kPs256, JwsAlgorithm::kEs256,
      JwsAlgorithm::kEdDsa};
  // The kinds of token that will do (`typ`, RFC 8725 §3.11), in small letters
  // and without "application/"; "" for one that does not say. All that an
  // issuer signs has its name and key on it: the note that somebody logged out
  // no less than the token that says who somebody is.
  std::set<std::string> types = {"", "jwt"};
  std::string nonce;  // "" asks for none
  // OpenID: when the token names an authorized party (`azp`), it must be this.
  std::string authorized_party;
  // Where this issuer says which groups somebody is in: a claim, or a dotted
  // path into one.
  std::string groups_claim = "groups";
  // How long ago the token may have been issued at most.
  absl::Duration max_age = absl::InfiniteDuration();
  // For clocks that differ.
  absl::Duration leeway = absl::Seconds(30);
};

// Strings are outside text, but the issuer vouches for them.
struct JwtClaims {
  std::string issuer;
  std::string subject;
  std::vector<std::string> audience;
  absl::Time expires;
  absl::Time issued_at = absl::InfinitePast();  // InfinitePast: not said
  absl::Time auth_time = absl::InfinitePast();  // InfinitePast: not said
  std::string nonce;
  std::string email;
  // Whether the issuer stands by the address, or says that it does not. Many
  // issuers, whose addresses are all their own, say neither.
  bool email_verified = false;
  bool email_unverified = false;
  // Nothing when it does not say, or says it in a form that we do not know.
  std::optional<std::vector<std::string>> groups;
  std::string acr;  // how somebody signed in, as the issuer calls it
  std::string name;
  std::string preferred_username;
};

enum class JwtProblem {
  kMalformed,   // not three strict base64url parts of JSON, or a claim twice
  kTooLarge,    // beyond 16 KiB
  kAlgorithm,   // not one we verify or this issuer may use
  kCritical,    // `crit`: extensions we do not have
  kType,        // another kind of token, or a report of events (RFC 8417)
  kUnknownKey,  // no such key of that algorithm
  kSignature,
  kIssuer,
  kAudience,
  kSubject,  // missing, empty or too long
  kExpired,
  kNotYetValid,  // nbf or iat ahead of us
  kTooOld,       // beyond max_age, or no iat to tell
  kNonce,
};

// A word of ours for errors and logs: "expired", "signature".
absl::string_view JwtProblemName(JwtProblem problem);

// The claims, or what is wrong: nobody's token is quoted. The caller wraps the
// word into an error of its own (errors::UserTokenInvalid, ConnectRefused).
//
//   auto verdict = VerifyJwt(token, *keys, expectation, now);
//   if (auto* problem = std::get_if<JwtProblem>(&verdict)) …
//
// The header chooses a key by `kid`, no more: `jwk`, `jku`, `x5u` and `x5c` are
// not looked at.
std::variant<JwtClaims, JwtProblem> VerifyJwt(absl::string_view token,
                                              const Jwks& keys,
                                              const JwtExpectation& expected,
                                              absl::Time now);

// The part of it that comes after the signature: `payload` is the text that was
// signed. On its own only for tests.
std::variant<JwtClaims, JwtProblem> ReadJwtPayload(
    absl::string_view payload, const JwtExpectation& expected, absl::Time now);

// What the token says of itself, checked by nobody: to choose which configured
// issuer's keys to try, and to fetch the right key.
struct JwtPeek {
  std::string issuer;
  std::string kid;
};
std::optional<JwtPeek> PeekJwt(absl::string_view token);

}  // namespace tokenvault
