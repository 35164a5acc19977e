#include "server/authenticator.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "oauth/discovery.h"
#include "oauth/jwks.h"
#include "oauth/jwt_verifier.h"
#include "server/spiffe_id.h"
#include "server/verified_tokens.h"
#include "vault/sign_in.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestToken = 16 * 1024;
constexpr size_t kLongestSubject = 255;
// How long a verified token is believed without looking at the issuer's keys
// again, so that a key that was withdrawn stops working.
constexpr absl::Duration kBelieve = absl::Minutes(5);

std::string CacheKey(absl::string_view purpose, absl::string_view token) {
  return Sha256(absl::StrCat(purpose, absl::string_view("\0", 1), token));
}

// What follows "Bearer "; nothing when it is not a bearer token.
std::optional<absl::string_view> BearerToken(absl::string_view header) {
  constexpr absl::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(header, kScheme)) return std::nullopt;
  absl::string_view token = header.substr(kScheme.size());
  bool good =
      !token.empty() && token.size() <= kLongestToken &&
      std::all_of(token.begin(), token.end(), [](char c) {
        return absl::ascii_isalnum(c) ||
               absl::string_view("-._~+/=").find(c) != absl::string_view::npos;
      });
  if (!good) return std::nullopt;
  return token;
}

// One spelling of each name: no byte that another reader might drop.
bool IsCanonicalSubject(absl::string_view subject) {
  if (subject.empty() || subject.size() > kLongestSubject) return false;
  if (subject.front() == ' ' || subject.back() == ' ') return false;
  if (std::all_of(subject.begin(), subject.end(),
                  [](char c) { return absl::ascii_isprint(c); })) {
    return true;
  }
  auto characters = DecodeUtf8(subject);
  return characters.has_value() &&
         std::all_of(characters->begin(), characters->end(), [](char32_t c) {
           return c >= 0x20 && (c < 0x7f || c >= 0xa0);
         });
}

std::set<JwsAlgorithm> AlgorithmsOf(const WorkloadIssuer& issuer) {
  std::set<JwsAlgorithm> algorithms;
  for (JwsAlgorithm algorithm : {JwsAlgorithm::kRs256, JwsAlgorithm::kPs256,
                                 JwsAlgorithm::kEs256, JwsAlgorithm::kEdDsa}) {
    for (const std::string& name : issuer.algorithms) {
      if (name == JwsAlgorithmName(algorithm)) algorithms.insert(algorithm);
    }
  }
  return algorithms;
}

Caller CallerFor(std::shared_ptr<const Directory> directory, const Agent* agent,
                 const char* method) {
  Caller caller;
  caller.directory = std::move(directory);
  caller.agent = agent;
  caller.method = method;
  return caller;
}

// The agent of a verified certificate. Never blocks.
absl::StatusOr<const Agent*> AgentOfCertificate(
    const Directory& directory, const std::vector<std::string>& uris) {
  // Of two names, each reader might believe another one.
  if (uris.empty()) return errors::AgentCredentialInvalid("no_uri_san");
  if (uris.size() > 1) return errors::AgentCredentialInvalid("two_uri_sans");
  if (!ParseSpiffeId(uris[0]).has_value()) {
    return errors::AgentCredentialInvalid("not_spiffe");
  }
  const Agent* agent = directory.FindAgentBySpiffeId(uris[0]);
  if (agent == nullptr) return errors::AgentCredentialInvalid("unknown_agent");
  return agent;
}

}  // namespace

class Authenticator::Impl {
 public:
  Impl(const DirectoryHolder& directory, HttpClient& http, const Clock& clock)
      : directory_(directory), clock_(clock), discovery_(http), jwks_(http) {}

  // Every answer is nothing when it would take the network and `may_block` is
  // false.
  std::optional<absl::StatusOr<Caller>> Identify(
      const PeerCredential& credential, bool may_block);
  std::optional<absl::StatusOr<Person>> IdentifyPerson(
      const Caller& caller, const SubjectRef& subject, bool may_block);
  void Forget() { verified_.Clear(); }

 private:
  struct TokenAgent {
    const Agent* agent;
    const char* method;
  };
  std::optional<absl::StatusOr<TokenAgent>> AgentOfToken(
      const Directory& directory, absl::string_view header, bool may_block);
  absl::StatusOr<const Agent*> VerifyAgentToken(const Directory& directory,
                                                const WorkloadIssuer& issuer,
                                                absl::string_view token);
  absl::StatusOr<Person> VerifyUserToken(const Directory& directory,
                                         const IdentityProvider& identity,
                                         absl::string_view token,
                                         const std::string& cache_key);
  // The issuer's keys, with that of the token if there is one.
  absl::StatusOr<std::shared_ptr<const Jwks>> KeysOf(
      const Directory& directory, const std::string& issuer,
      const std::string& jwks_uri, absl::string_view kid, absl::Time now);

  const DirectoryHolder& directory_;
  const Clock& clock_;
  DiscoveryCache discovery_;
  JwksCache jwks_;
  VerifiedTokens verified_;
};

std::optional<absl::StatusOr<Caller>> Authenticator::Impl::Identify(
    const PeerCredential& credential, bool may_block) {
  std::shared_ptr<const Directory> directory = directory_.Get();
  if (credential.admin_socket) {
    Caller caller = CallerFor(directory, nullptr, "socket");
    caller.is_operator = true;
    return caller;
  }
  const Agent* of_certificate = nullptr;
  if (credential.has_certificate || !credential.verified_uris.empty()) {
    auto agent = AgentOfCertificate(*directory, credential.verified_uris);
    if (!agent.ok()) return agent.status();
    of_certificate = *agent;
    if (credential.authorization.empty()) {
      return CallerFor(directory, of_certificate, "mtls");
    }
  }
  if (credential.authorization.empty()) {
    return errors::AgentCredentialInvalid("missing");
  }
  auto of_token = AgentOfToken(*directory, credential.authorization, may_block);
  if (!of_token.has_value()) return std::nullopt;
  if (!of_token->ok()) return of_token->status();
  if (of_certificate == nullptr) {
    return CallerFor(directory, (*of_token)->agent, (*of_token)->method);
  }
  if (of_certificate != (*of_token)->agent) {
    return errors::AgentCredentialInvalid("mismatch");
  }
  return CallerFor(directory, of_certificate, "mtls");
}

auto Authenticator::Impl::AgentOfToken(const Directory& directory,
                                       absl::string_view header, bool may_block)
    -> std::optional<absl::StatusOr<TokenAgent>> {
  std::optional<absl::string_view> token = BearerToken(header);
  if (!token.has_value()) return errors::AgentCredentialInvalid("malformed");
  // Ids have no dots and JWTs have two, so neither is taken for the other.
  if (directory.dev_mode && !absl::StrContains(*token, '.')) {
    const Agent* agent = directory.FindAgent(AgentId(std::string(*token)));
    // An agent with a real credential is not called by its name, even in dev.
    if (agent == nullptr || !agent->spiffe_id.empty() ||
        !agent->jwt_subject.empty()) {
      return errors::AgentCredentialInvalid("unknown_agent");
    }
    return TokenAgent{agent, "dev"};
  }
  const std::string key = CacheKey("agent", *token);
  if (auto known = verified_.Find(key, directory.generation, clock_.Now())) {
    if (const Agent* agent = directory.FindAgent(known->agent)) {
      return TokenAgent{agent, "jwt"};
    }
  }
  // Whom it names decides which keys to ask for, and nothing else.
  std::optional<JwtPeek> peek = PeekJwt(*token);
  if (!peek.has_value()) return errors::AgentCredentialInvalid("malformed");
  auto issuer = directory.workload_issuers.find(peek->issuer);
  if (issuer == directory.workload_issuers.end()) {
    return errors::AgentCredentialInvalid("unknown_issuer");
  }
  if (!may_block) return std::nullopt;
  auto agent = VerifyAgentToken(directory, issuer->second, *token);
  if (!agent.ok()) return agent.status();
  return TokenAgent{*agent, "jwt"};
}

absl::StatusOr<const Agent*> Authenticator::Impl::VerifyAgentToken(
    const Directory& directory, const WorkloadIssuer& issuer,
    absl::string_view token) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(std::shared_ptr<const Jwks> keys,
                   KeysOf(directory, issuer.issuer, issuer.jwks_uri,
                          PeekJwt(token)->kid, now));
  JwtExpectation expected;
  expected.issuer = issuer.issuer;
  expected.audience = issuer.audience;
  expected.algorithms = AlgorithmsOf(issuer);
  expected.max_age = issuer.max_lifetime;
  // "JOSE": SPIFFE's JWT-SVIDs may say so.
  expected.types = {"", "jwt", "jose", "at+jwt"};
  auto verdict = VerifyJwt(token, *keys, expected, now);
  if (const auto* problem = std::get_if<JwtProblem>(&verdict)) {
    return errors::AgentCredentialInvalid(JwtProblemName(*problem));
  }
  const JwtClaims& claims = std::get<JwtClaims>(verdict);
  if (claims.expires - claims.issued_at > issuer.max_lifetime) {
    return errors::AgentCredentialInvalid("lives_too_long");
  }
  const Agent* agent = directory.FindAgentByJwt(issuer.issuer, claims.subject);
  if (agent == nullptr) return errors::AgentCredentialInvalid("unknown_agent");
  verified_.Add(CacheKey("agent", token),
                {directory.generation,
                 std::min(claims.expires, now + kBelieve),
                 agent->id,
                 {}});
  return agent;
}

std::optional<absl::StatusOr<Person>> Authenticator::Impl::IdentifyPerson(
    const Caller& caller, const SubjectRef& subject, bool may_block) {
  if (caller.agent == nullptr) {
    return errors::FieldInvalid(
        "subject", "an operator names people as users/{user}, not by subject");
  }
  if (subject.user_token.empty() == subject.user_id.empty()) {
    return errors::FieldInvalid(
        "subject", "exactly one of user_token and user_id is required");
  }
  const Directory& directory = *caller.directory;
  const Tenant* tenant = directory.FindTenant(caller.agent->tenant);
  if (tenant == nullptr) return errors::Internal("an agent without a tenant");
  const IdentityProvider& identity = tenant->identity;

  if (!subject.user_id.empty()) {
    if (!caller.agent->may_assert_user) {
      return errors::SubjectAssertionNotAllowed(caller.agent->id.value);
    }
    if (!IsCanonicalSubject(subject.user_id)) {
      return errors::FieldInvalid(
          "subject.user_id",
          "must be 1 to 255 bytes of UTF-8 without control characters or "
          "spaces at its ends");
    }
    return Person{identity.issuer, subject.user_id, subject.user_id};
  }

  const std::string key =
      CacheKey(absl::StrCat("user ", tenant->id.value), subject.user_token);
  if (auto known = verified_.Find(key, directory.generation, clock_.Now())) {
    return known->person;
  }
  std::optional<JwtPeek> peek;
  if (subject.user_token.size() <= kLongestToken) {
    peek = PeekJwt(subject.user_token);
  }
  if (!peek.has_value()) {
    return errors::UserTokenInvalid(identity.issuer, "malformed");
  }
  // A stranger's token is not worth a look at our issuer's keys.
  if (peek->issuer != identity.issuer) {
    return errors::UserTokenInvalid(identity.issuer, "issuer");
  }
  if (!may_block) return std::nullopt;
  return VerifyUserToken(directory, identity, subject.user_token, key);
}

absl::StatusOr<Person> Authenticator::Impl::VerifyUserToken(
    const Directory& directory, const IdentityProvider& identity,
    absl::string_view token, const std::string& cache_key) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(
      std::shared_ptr<const Jwks> keys,
      KeysOf(directory, identity.issuer, "", PeekJwt(token)->kid, now));
  JwtExpectation expected;
  expected.issuer = identity.issuer;
  expected.audience = identity.user_token_audience;
  expected.types = {"", "jwt", "at+jwt"};  // an access token too (RFC 9068)
  expected.groups_claim = identity.groups_claim;
  auto verdict = VerifyJwt(token, *keys, expected, now);
  if (const auto* problem = std::get_if<JwtProblem>(&verdict)) {
    return errors::UserTokenInvalid(identity.issuer, JwtProblemName(*problem));
  }
  JwtClaims& claims = std::get<JwtClaims>(verdict);
  if (!IsCanonicalSubject(claims.subject)) {
    return errors::UserTokenInvalid(identity.issuer, "subject");
  }
  Person person = {identity.issuer, claims.subject, DisplayNameOf(claims)};
  person.groups = std::move(claims.groups);
  if (!claims.email_unverified) person.email = std::move(claims.email);
  verified_.Add(cache_key, {directory.generation,
                            std::min(claims.expires, now + kBelieve),
                            {},
                            person});
  return person;
}

absl::StatusOr<std::shared_ptr<const Jwks>> Authenticator::Impl::KeysOf(
    const Directory& directory, const std::string& issuer,
    const std::string& jwks_uri, absl::string_view kid, absl::Time now) {
  if (!jwks_uri.empty()) return jwks_.Get(jwks_uri, kid, now);
  MetadataRules rules;
  // Only the keys are wanted; nobody signs in here.
  rules.pkce = PkceUse::kUnadvertised;
  rules.allow_http_loopback = directory.dev_mode;
  ASSIGN_OR_RETURN(ServerMetadata metadata, discovery_.Get(issuer, rules, now));
  if (metadata.jwks_uri.empty()) {
    return errors::ProviderAnswerInvalid(issuer, "no_jwks_uri");
  }
  return jwks_.Get(metadata.jwks_uri, kid, now);
}

// ------------------------------------------------------------ Authenticator --

Authenticator::Authenticator(const DirectoryHolder& directory, HttpClient& http,
                             const Clock& clock)
    : impl_(std::make_unique<Impl>(directory, http, clock)) {}

Authenticator::~Authenticator() = default;

void Authenticator::Forget() { impl_->Forget(); }

absl::StatusOr<Caller> Authenticator::Identify(
    const PeerCredential& credential) {
  // Nothing comes only of may_block = false.
  return *impl_->Identify(credential, /*may_block=*/true);
}

std::optional<absl::StatusOr<Caller>> Authenticator::TryIdentify(
    const PeerCredential& credential) {
  return impl_->Identify(credential, /*may_block=*/false);
}

absl::StatusOr<Person> Authenticator::IdentifyPerson(
    const Caller& caller, const SubjectRef& subject) {
  return *impl_->IdentifyPerson(caller, subject, /*may_block=*/true);
}

std::optional<absl::StatusOr<Person>> Authenticator::TryIdentifyPerson(
    const Caller& caller, const SubjectRef& subject) {
  return impl_->IdentifyPerson(caller, subject, /*may_block=*/false);
}

}  // namespace tokenvault
