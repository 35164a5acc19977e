#include "oauth/jwt_verifier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "oauth/jws_signature.h"
#include "oauth/strict_json.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr size_t kMaxToken = size_t{16} * 1024;
constexpr size_t kMaxSubject = 255;  // OpenID Connect Core §2
constexpr size_t kMaxAudiences = 32;

// header "." payload "." signature, as they came and decoded.
struct Parts {
  absl::string_view signed_text;
  JsonDocument header;
  JsonDocument payload;
  std::string signature;
};

std::optional<JsonDocument> DecodeObject(absl::string_view text) {
  std::optional<std::string> bytes = Base64UrlDecode(text);
  if (!bytes.has_value()) return std::nullopt;
  auto parsed = ParseStrictJson(*bytes);
  if (auto* document = std::get_if<JsonDocument>(&parsed)) {
    return std::move(*document);
  }
  return std::nullopt;
}

std::optional<Parts> Split(absl::string_view token) {
  std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3) return std::nullopt;
  auto header = DecodeObject(parts[0]);
  auto payload = DecodeObject(parts[1]);
  auto signature = Base64UrlDecode(parts[2]);
  if (!header.has_value() || !payload.has_value() || !signature.has_value()) {
    return std::nullopt;
  }
  return Parts{token.substr(0, parts[0].size() + 1 + parts[1].size()),
               *std::move(header), *std::move(payload), *std::move(signature)};
}

std::string Text(const json& claims, const char* name) {
  auto it = claims.find(name);
  return it != claims.end() && it->is_string() ? it->get<std::string>() : "";
}

// Seconds since 1970. Nothing when absent; InfinitePast for what is no time, so
// that a check against it cannot pass by accident.
std::optional<absl::Time> Instant(const json& claims, const char* name) {
  auto it = claims.find(name);
  if (it == claims.end()) return std::nullopt;
  if (!it->is_number()) return absl::InfinitePast();
  const double seconds = it->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 253402300799.0) {
    return absl::InfinitePast();
  }
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

std::vector<std::string> Audiences(const json& claims) {
  auto it = claims.find("aud");
  if (it == claims.end()) return {};
  if (it->is_string()) return {it->get<std::string>()};
  if (!it->is_array() || it->size() > kMaxAudiences) return {};
  std::vector<std::string> audiences;
  for (const json& item : *it) {
    if (!item.is_string()) return {};
    audiences.push_back(item.get<std::string>());
  }
  return audiences;
}

// A list of names, or one name; of a claim, or inside of one by a dotted path
// ("realm_access.roles"), as names may have dots themselves. A line end in a
// name could make it two where it is kept.
std::optional<std::vector<std::string>> Groups(const json& claims,
                                               const std::string& name) {
  auto it = claims.find(name);
  const json* claim = it != claims.end() ? &*it : FindJson(claims, name);
  if (claim == nullptr) return std::nullopt;
  const json list = claim->is_array() ? *claim : json::array({*claim});
  std::vector<std::string> groups;
  for (const json& item : list) {
    if (!item.is_string()) return std::nullopt;
    groups.push_back(item.get<std::string>());
    if (groups.back().empty() ||
        std::any_of(groups.back().begin(), groups.back().end(),
                    [](char c) { return absl::ascii_iscntrl(c); })) {
      return std::nullopt;
    }
  }
  return groups;
}

// RFC 7515 §4.1.9: a media type, of which "application/" may be left out.
bool IsOfType(const json& header, const JwtExpectation& expected) {
  auto it = header.find("typ");
  if (it != header.end() && !it->is_string()) return false;
  std::string type = absl::AsciiStrToLower(Text(header, "typ"));
  return expected.types.count(
             std::string(absl::StripPrefix(type, "application/"))) > 0;
}

std::optional<JwtProblem> CheckHeader(const Parts& parts, const Jwks& keys,
                                      const JwtExpectation& expected) {
  const json& header = parts.header.root();
  if (header.contains("crit")) return JwtProblem::kCritical;
  const std::string name = Text(header, "alg");
  auto algorithm = std::find_if(
      expected.algorithms.begin(), expected.algorithms.end(),
      [&](JwsAlgorithm known) { return name == JwsAlgorithmName(known); });
  if (algorithm == expected.algorithms.end()) return JwtProblem::kAlgorithm;
  if (!IsOfType(header, expected)) return JwtProblem::kType;
  // A kid of another kind than a string is no name of a key.
  if (header.contains("kid") && Text(header, "kid").empty()) {
    return JwtProblem::kUnknownKey;
  }
  const Jwk* jwk = keys.Find(Text(header, "kid"), *algorithm);
  if (jwk == nullptr) return JwtProblem::kUnknownKey;
  if (!VerifySignature(*jwk, parts.signed_text, parts.signature)) {
    return JwtProblem::kSignature;
  }
  return std::nullopt;
}

std::optional<JwtProblem> CheckTimes(const json& claims,
                                     const JwtExpectation& expected,
                                     absl::Time now) {
  const auto expires = Instant(claims, "exp");
  const auto not_before = Instant(claims, "nbf");
  const auto issued = Instant(claims, "iat");
  if (!expires.has_value() || *expires + expected.leeway <= now) {
    return JwtProblem::kExpired;
  }
  for (const auto& start : {not_before, issued}) {
    if (!start.has_value()) continue;
    if (*start == absl::InfinitePast()) return JwtProblem::kMalformed;
    if (*start - expected.leeway > now) return JwtProblem::kNotYetValid;
  }
  if (expected.max_age < absl::InfiniteDuration() &&
      (!issued.has_value() ||
       *issued + expected.max_age + expected.leeway <= now)) {
    return JwtProblem::kTooOld;
  }
  return std::nullopt;
}

std::optional<JwtProblem> CheckClaims(const json& claims,
                                      const JwtExpectation& expected,
                                      absl::Time now) {
  // It says what happened to somebody, such as a back-channel logout, and not
  // who anybody is.
  if (claims.contains("events")) return JwtProblem::kType;
  if (Text(claims, "iss") != expected.issuer || expected.issuer.empty()) {
    return JwtProblem::kIssuer;
  }
  const std::vector<std::string> audiences = Audiences(claims);
  if (std::find(audiences.begin(), audiences.end(), expected.audience) ==
          audiences.end() ||
      expected.audience.empty()) {
    return JwtProblem::kAudience;
  }
  if (!expected.authorized_party.empty() && claims.contains("azp") &&
      Text(claims, "azp") != expected.authorized_party) {
    return JwtProblem::kAudience;
  }
  const std::string subject = Text(claims, "sub");
  if (subject.empty() || subject.size() > kMaxSubject) {
    return JwtProblem::kSubject;
  }
  if (auto problem = CheckTimes(claims, expected, now)) return problem;
  if (!expected.nonce.empty() &&
      !EqualInConstantTime(Text(claims, "nonce"), expected.nonce)) {
    return JwtProblem::kNonce;
  }
  return std::nullopt;
}

std::variant<JwtClaims, JwtProblem> ReadClaims(const json& claims,
                                               const JwtExpectation& expected,
                                               absl::Time now) {
  if (auto problem = CheckClaims(claims, expected, now)) return *problem;
  JwtClaims result;
  result.issuer = Text(claims, "iss");
  result.subject = Text(claims, "sub");
  result.audience = Audiences(claims);
  result.expires = *Instant(claims, "exp");  // checked to be there
  result.issued_at = Instant(claims, "iat").value_or(absl::InfinitePast());
  result.auth_time =
      Instant(claims, "auth_time").value_or(absl::InfinitePast());
  result.nonce = Text(claims, "nonce");
  result.email = Text(claims, "email");
  const json* verified = FindJson(claims, "email_verified");
  result.email_verified = verified != nullptr && *verified == true;
  result.email_unverified = verified != nullptr && !result.email_verified;
  result.groups = Groups(claims, expected.groups_claim);
  result.acr = Text(claims, "acr");
  result.name = Text(claims, "name");
  result.preferred_username = Text(claims, "preferred_username");
  return result;
}

}  // namespace

absl::string_view JwtProblemName(JwtProblem problem) {
  switch (problem) {
    case JwtProblem::kMalformed:
      return "malformed";
    case JwtProblem::kTooLarge:
      return "too_large";
    case JwtProblem::kAlgorithm:
      return "algorithm";
    case JwtProblem::kCritical:
      return "critical";
    case JwtProblem::kType:
      return "type";
    case JwtProblem::kUnknownKey:
      return "unknown_key";
    case JwtProblem::kSignature:
      return "signature";
    case JwtProblem::kIssuer:
      return "issuer";
    case JwtProblem::kAudience:
      return "audience";
    case JwtProblem::kSubject:
      return "subject";
    case JwtProblem::kExpired:
      return "expired";
    case JwtProblem::kNotYetValid:
      return "not_yet_valid";
    case JwtProblem::kTooOld:
      return "too_old";
    case JwtProblem::kNonce:
      return "nonce";
  }
  return "malformed";
}

std::variant<JwtClaims, JwtProblem> VerifyJwt(absl::string_view token,
                                              const Jwks& keys,
                                              const JwtExpectation& expected,
                                              absl::Time now) {
  if (token.size() > kMaxToken) return JwtProblem::kTooLarge;
  std::optional<Parts> parts = Split(token);
  if (!parts.has_value()) return JwtProblem::kMalformed;
  // The signature first: nothing of the claims is looked at before.
  if (auto problem = CheckHeader(*parts, keys, expected)) return *problem;
  return ReadClaims(parts->payload.root(), expected, now);
}

std::variant<JwtClaims, JwtProblem> ReadJwtPayload(
    absl::string_view payload, const JwtExpectation& expected, absl::Time now) {
  auto parsed = ParseStrictJson(payload);
  const auto* claims = std::get_if<JsonDocument>(&parsed);
  if (claims == nullptr) return JwtProblem::kMalformed;
  return ReadClaims(claims->root(), expected, now);
}

std::optional<JwtPeek> PeekJwt(absl::string_view token) {
  if (token.size() > kMaxToken) return std::nullopt;
  std::optional<Parts> parts = Split(token);
  if (!parts.has_value()) return std::nullopt;
  return JwtPeek{Text(parts->payload.root(), "iss"),
                 Text(parts->header.root(), "kid")};
}

}  // namespace tokenvault
