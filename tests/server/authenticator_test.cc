#include "server/authenticator.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/jwt_signer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr char kWorkloads[] = "https://workloads.example.com";

std::string LoginOf(const std::string& tenant) {
  return absl::StrCat("https://login.", tenant, ".example.com");
}

// Three tenants with an identity provider each; three agents a tenant: one with
// a certificate, one with a token, one that may name people.
std::shared_ptr<Directory> ThreeTenants() {
  auto directory = std::make_shared<Directory>();
  directory->generation = "one";
  WorkloadIssuer& issuer = directory->workload_issuers[kWorkloads];
  issuer.issuer = kWorkloads;
  issuer.jwks_uri = absl::StrCat(kWorkloads, "/jwks");
  issuer.audience = "tokenvault";
  issuer.algorithms = {"EdDSA"};
  for (const std::string name : {"a", "b", "c"}) {
    Tenant tenant;
    tenant.id = TenantId(name);
    tenant.identity.issuer = LoginOf(name);
    tenant.identity.client_id = "vault";
    tenant.identity.user_token_audience = "vault";
    directory->tenants[tenant.id] = tenant;
    for (const std::string kind : {"cert", "jwt", "trusted"}) {
      Agent agent;
      agent.id = AgentId(absl::StrCat(name, "-", kind));
      agent.tenant = tenant.id;
      agent.may_assert_user = kind == "trusted";
      if (kind == "jwt") {
        agent.jwt_issuer = kWorkloads;
        agent.jwt_subject = agent.id.value;
      } else {
        agent.spiffe_id = absl::StrCat("spiffe://example.com/", agent.id.value);
      }
      directory->agents[agent.id] = agent;
    }
  }
  return directory;
}

SubjectRef Both(std::string token, std::string name) {
  SubjectRef subject;
  subject.user_token = std::move(token);
  subject.user_id = std::move(name);
  return subject;
}
SubjectRef Token(std::string token) { return Both(std::move(token), ""); }
SubjectRef Name(std::string name) { return Both("", std::move(name)); }

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest()
      : directory_(ThreeTenants()), authenticator_(directory_, http_, clock_) {
    for (const std::string& issuer :
         {std::string(kWorkloads), LoginOf("a"), LoginOf("b"), LoginOf("c")}) {
      auto signer = JwtSigner::Generate(JwsAlgorithm::kEdDsa, "k1");
      EXPECT_TRUE(signer.ok());
      signers_.emplace(issuer, *std::move(signer));
    }
    http_.SetHandler([this](const FakeHttpClient::Request& request)
                         -> absl::StatusOr<HttpResponse> {
      for (const auto& [issuer, signer] : signers_) {
        if (request.url == absl::StrCat(issuer, "/jwks")) {
          return FakeHttpClient::Response(200, "application/json",
                                          signer.jwks());
        }
        if (request.url ==
            absl::StrCat(issuer, "/.well-known/openid-configuration")) {
          json document = {{"issuer", issuer},
                           {"authorization_endpoint", issuer + "/authorize"},
                           {"token_endpoint", issuer + "/token"},
                           {"jwks_uri", issuer + "/jwks"}};
          return FakeHttpClient::Response(200, "application/json",
                                          document.dump());
        }
      }
      return FakeHttpClient::Response(404, "text/plain", "");
    });
  }

  json Claims(const std::string& issuer, const std::string& subject,
              const std::string& audience) {
    int64_t now = absl::ToUnixSeconds(clock_.Now());
    return {{"iss", issuer},
            {"sub", subject},
            {"aud", audience},
            {"iat", now},
            {"exp", now + 300}};
  }
  std::string Sign(const std::string& signer, const json& claims) {
    return *signers_.at(signer).Sign(claims.dump());
  }
  std::string WorkloadToken(const std::string& agent) {
    return Sign(kWorkloads, Claims(kWorkloads, agent, "tokenvault"));
  }
  std::string UserToken(const std::string& tenant, const std::string& person) {
    return Sign(LoginOf(tenant), Claims(LoginOf(tenant), person, "vault"));
  }

  static PeerCredential Certificate(std::vector<std::string> uris) {
    PeerCredential credential;
    credential.has_certificate = true;
    credential.verified_uris = std::move(uris);
    return credential;
  }
  static PeerCredential Bearer(const std::string& token) {
    PeerCredential credential;
    credential.authorization = absl::StrCat("Bearer ", token);
    return credential;
  }
  Caller CallerOf(const std::string& agent) {
    auto caller = authenticator_.Identify(
        Certificate({absl::StrCat("spiffe://example.com/", agent)}));
    EXPECT_TRUE(caller.ok()) << caller.status();
    return *caller;
  }
  // The word of a refused agent; "" if it was let in.
  std::string ProblemOf(const PeerCredential& credential) {
    auto caller = authenticator_.Identify(credential);
    if (caller.ok()) return "";
    EXPECT_EQ(ReasonOf(caller.status()), "AGENT_CREDENTIAL_INVALID");
    return MetadataOf(caller.status(), "problem");
  }

  FakeClock clock_;
  FakeHttpClient http_;
  std::map<std::string, JwtSigner> signers_;
  DirectoryHolder directory_;
  Authenticator authenticator_;
};

// ------------------------------------------------------------------- agents --

TEST_F(AuthenticatorTest, KnowsAnAgentByItsCertificate) {
  auto caller =
      authenticator_.Identify(Certificate({"spiffe://example.com/a-cert"}));
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->agent->id, AgentId("a-cert"));
  EXPECT_EQ(caller->method, "mtls");
  EXPECT_FALSE(caller->is_operator);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(AuthenticatorTest, RefusesCertificatesThatNameNobodyOrTwo) {
  EXPECT_EQ(ProblemOf(PeerCredential()), "missing");
  EXPECT_EQ(ProblemOf(Certificate({})), "no_uri_san");
  EXPECT_EQ(ProblemOf(Certificate({"spiffe://example.com/a-cert",
                                   "spiffe://example.com/b-cert"})),
            "two_uri_sans");
  EXPECT_EQ(ProblemOf(Certificate({"spiffe://example.com/a-cert",
                                   "spiffe://example.com/a-cert"})),
            "two_uri_sans");
  EXPECT_EQ(ProblemOf(Certificate({"https://example.com/a-cert"})),
            "not_spiffe");
  EXPECT_EQ(ProblemOf(Certificate({"spiffe://example.com/nobody"})),
            "unknown_agent");
  EXPECT_EQ(ProblemOf(Certificate({"spiffe://other.example/a-cert"})),
            "unknown_agent");
}

TEST_F(AuthenticatorTest, RefusesOtherSpellingsOfAName) {
  for (const char* spelling :
       {"spiffe://example.com/A-CERT", "SPIFFE://example.com/a-cert",
        "spiffe://EXAMPLE.com/a-cert", "spiffe://example.com/a-cert/",
        "spiffe://example.com//a-cert", "spiffe://example.com/x/../a-cert",
        "spiffe://example.com/a%2Dcert", "spiffe://example.com:1/a-cert",
        "spiffe://example.com/a-cert?x", "spiffe://example.com/a-cert#x",
        " spiffe://example.com/a-cert", "spiffe://example.com/a-cert ",
        "spiffe://u@example.com/a-cert",
        "spiffe://example.com/\xd0\xb0-cert"}) {
    EXPECT_NE(ProblemOf(Certificate({spelling})), "") << spelling;
  }
  EXPECT_NE(ProblemOf(Certificate(
                {std::string("spiffe://example.com/a-cert\0", 28)})),
            "");
}

TEST_F(AuthenticatorTest, KnowsAnAgentByItsToken) {
  auto caller = authenticator_.Identify(Bearer(WorkloadToken("a-jwt")));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->agent->id, AgentId("a-jwt"));
  EXPECT_EQ(caller->method, "jwt");
}

TEST_F(AuthenticatorTest, RefusesTokensThatAreNotForUs) {
  const int64_t now = absl::ToUnixSeconds(clock_.Now());
  auto with = [&](const char* key, json value) {
    json claims = Claims(kWorkloads, "a-jwt", "tokenvault");
    claims[key] = std::move(value);
    return Bearer(Sign(kWorkloads, claims));
  };
  EXPECT_EQ(ProblemOf(with("sub", "a-jwt")), "");
  EXPECT_EQ(ProblemOf(with("aud", "vault")), "audience");
  EXPECT_EQ(ProblemOf(with("sub", "a-cert")), "unknown_agent");
  EXPECT_EQ(ProblemOf(with("sub", "A-jwt")), "unknown_agent");
  EXPECT_EQ(ProblemOf(with("iss", "https://other.example.com")),
            "unknown_issuer");
  EXPECT_EQ(ProblemOf(with("iss", LoginOf("a"))), "unknown_issuer");
  EXPECT_EQ(ProblemOf(with("exp", now - 60)), "expired");
  EXPECT_EQ(ProblemOf(with("exp", now + 7200)), "lives_too_long");
  EXPECT_EQ(ProblemOf(with("nbf", now + 600)), "not_yet_valid");
  // Right names, another's key.
  EXPECT_EQ(ProblemOf(Bearer(
                Sign(LoginOf("a"), Claims(kWorkloads, "a-jwt", "tokenvault")))),
            "signature");
}

TEST_F(AuthenticatorTest, RefusesHeadersThatAreNoBearerToken) {
  const std::string token = WorkloadToken("a-jwt");
  for (const std::string& header :
       {absl::StrCat("Basic ", token), token, absl::StrCat("Bearer  ", token),
        absl::StrCat("Bearer ", token, " "),
        absl::StrCat("Bearer ", token, ",", token), std::string("Bearer "),
        std::string("Bearer a.b"), std::string("Bearer a-jwt"),
        absl::StrCat("Bearer ", std::string(20000, 'x'))}) {
    PeerCredential credential;
    credential.authorization = header;
    EXPECT_EQ(ProblemOf(credential), "malformed") << header.substr(0, 40);
  }
}

TEST_F(AuthenticatorTest, LetsTheCertificateDecideAndTheTokenAgree) {
  PeerCredential both = Certificate({"spiffe://example.com/a-cert"});
  both.authorization = absl::StrCat("Bearer ", WorkloadToken("a-jwt"));
  EXPECT_EQ(ProblemOf(both), "mismatch");
  both.authorization = "Bearer nonsense";
  EXPECT_EQ(ProblemOf(both), "malformed");

  auto directory = ThreeTenants();
  Agent& agent = directory->agents[AgentId("a-jwt")];
  agent.spiffe_id = "spiffe://example.com/a-jwt";
  directory->generation = "two";
  directory_.Swap(directory);
  PeerCredential agreed = Certificate({"spiffe://example.com/a-jwt"});
  agreed.authorization = absl::StrCat("Bearer ", WorkloadToken("a-jwt"));
  auto caller = authenticator_.Identify(agreed);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->method, "mtls");
}

TEST_F(AuthenticatorTest, SaysSoWhenTheKeysCannotBeHad) {
  http_.SetHandler(nullptr);
  auto caller = authenticator_.Identify(Bearer(WorkloadToken("a-jwt")));
  EXPECT_EQ(ReasonOf(caller.status()), "PROVIDER_UNREACHABLE");
}

TEST_F(AuthenticatorTest, TakesWhoeverOpenedTheAdminSocketForAnOperator) {
  PeerCredential credential;
  credential.admin_socket = true;
  auto caller = authenticator_.Identify(credential);
  ASSERT_TRUE(caller.ok());
  EXPECT_TRUE(caller->is_operator);
  EXPECT_EQ(caller->agent, nullptr);
}

TEST_F(AuthenticatorTest, TakesAgentIdsForCredentialsInDevOnly) {
  auto directory = ThreeTenants();
  Agent agent;
  agent.id = AgentId("dev-agent");
  agent.tenant = TenantId("a");
  directory->agents[agent.id] = agent;
  directory_.Swap(directory);
  EXPECT_EQ(ProblemOf(Bearer("dev-agent")), "malformed");

  auto dev = std::make_shared<Directory>(*directory);
  dev->dev_mode = true;
  directory_.Swap(dev);
  auto caller = authenticator_.Identify(Bearer("dev-agent"));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->method, "dev");
  EXPECT_EQ(ProblemOf(Bearer("nobody")), "unknown_agent");
  // Who has a real credential has to bring it.
  EXPECT_EQ(ProblemOf(Bearer("a-cert")), "unknown_agent");
  EXPECT_EQ(ProblemOf(Bearer("a-jwt")), "unknown_agent");
}

// ---------------------------------------------------------- without blocking
// --

TEST_F(AuthenticatorTest, AnswersCertificatesAndRefusalsAtOnce) {
  auto known =
      authenticator_.TryIdentify(Certificate({"spiffe://example.com/a-cert"}));
  ASSERT_TRUE(known.has_value());
  EXPECT_TRUE(known->ok());
  auto refused = authenticator_.TryIdentify(Bearer("nonsense"));
  ASSERT_TRUE(refused.has_value());
  EXPECT_FALSE(refused->ok());
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(AuthenticatorTest, AnswersVerifiedTokensFromMemory) {
  const PeerCredential credential = Bearer(WorkloadToken("a-jwt"));
  EXPECT_FALSE(authenticator_.TryIdentify(credential).has_value());
  EXPECT_TRUE(http_.requests().empty());
  ASSERT_TRUE(authenticator_.Identify(credential).ok());
  auto known = authenticator_.TryIdentify(credential);
  ASSERT_TRUE(known.has_value());
  ASSERT_TRUE(known->ok());
  EXPECT_EQ((*known)->agent->id, AgentId("a-jwt"));
}

TEST_F(AuthenticatorTest, ForgetsVerifiedTokensWhenTheyExpire) {
  const PeerCredential credential = Bearer(WorkloadToken("a-jwt"));
  ASSERT_TRUE(authenticator_.Identify(credential).ok());
  clock_.Advance(absl::Minutes(6));
  EXPECT_FALSE(authenticator_.TryIdentify(credential).has_value());
  EXPECT_EQ(ProblemOf(credential), "expired");
}

TEST_F(AuthenticatorTest, ForgetsVerifiedTokensWithTheConfiguration) {
  const PeerCredential credential = Bearer(WorkloadToken("a-jwt"));
  ASSERT_TRUE(authenticator_.Identify(credential).ok());
  auto next = ThreeTenants();
  next->generation = "two";
  next->agents.erase(AgentId("a-jwt"));
  directory_.Swap(next);
  EXPECT_FALSE(authenticator_.TryIdentify(credential).has_value());
  EXPECT_EQ(ProblemOf(credential), "unknown_agent");
}

TEST_F(AuthenticatorTest, ServesARequestUnderTheGenerationItBeganWith) {
  Caller caller = CallerOf("a-cert");
  auto next = ThreeTenants();
  next->generation = "two";
  next->agents.clear();
  next->tenants.clear();
  directory_.Swap(next);
  EXPECT_EQ(caller.agent->id, AgentId("a-cert"));
  EXPECT_TRUE(
      authenticator_.IdentifyPerson(caller, Token(UserToken("a", "x"))).ok());
}

// ------------------------------------------------------------------- people --

TEST_F(AuthenticatorTest, KnowsAPersonByTheirToken) {
  const Caller caller = CallerOf("a-cert");
  json claims = Claims(LoginOf("a"), "ana", "vault");
  claims["email"] = "ana@a.example.com";
  const SubjectRef subject = Token(Sign(LoginOf("a"), claims));
  EXPECT_FALSE(authenticator_.TryIdentifyPerson(caller, subject).has_value());
  auto person = authenticator_.IdentifyPerson(caller, subject);
  ASSERT_TRUE(person.ok()) << person.status();
  EXPECT_EQ(person->issuer, LoginOf("a"));
  EXPECT_EQ(person->subject, "ana");
  EXPECT_EQ(person->display, "ana@a.example.com");
  auto again = authenticator_.TryIdentifyPerson(caller, subject);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ((*again)->subject, "ana");
}

TEST_F(AuthenticatorTest, KnowsThePersonsGroupsAndAddress) {
  auto next = ThreeTenants();
  next->generation = "two";
  next->tenants.at(TenantId("b")).identity.groups_claim = "urn:groups";
  directory_.Swap(next);
  auto person_of = [&](const std::string& tenant, const json& more) {
    json claims = Claims(LoginOf(tenant), "ana", "vault");
    claims.update(more);
    auto person = authenticator_.IdentifyPerson(
        CallerOf(tenant + "-cert"), Token(Sign(LoginOf(tenant), claims)));
    EXPECT_TRUE(person.ok()) << person.status();
    return person.ok() ? *std::move(person) : Person();
  };
  const std::vector<std::string> both = {"staff", "finance"};
  EXPECT_EQ(person_of("a", {{"groups", both}}).groups, both);
  EXPECT_EQ(person_of("b", {{"urn:groups", both}}).groups, both);
  EXPECT_EQ(person_of("a", {{"groups", json::array()}}).groups,
            std::vector<std::string>());
  EXPECT_EQ(person_of("a", {{"groups", "staff"}}).groups,
            std::vector<std::string>{"staff"});
  next = std::make_shared<Directory>(*next);
  next->generation = "three";
  next->tenants.at(TenantId("c")).identity.groups_claim = "realm.roles";
  directory_.Swap(next);
  EXPECT_EQ(person_of("c", {{"realm", {{"roles", both}}}}).groups, both);
  // A claim of another name, or in a form that is none of ours, is not known.
  EXPECT_EQ(person_of("b", {{"groups", both}}).groups, std::nullopt);
  EXPECT_EQ(person_of("a", {{"groups", json::array({1})}}).groups,
            std::nullopt);
  EXPECT_EQ(person_of("a", {{"groups", {"staff\nadmins"}}}).groups,
            std::nullopt);
  EXPECT_EQ(person_of("a", json::object()).groups, std::nullopt);

  const std::string email = "ana@a.example.com";
  EXPECT_EQ(person_of("a", {{"email", email}}).email, email);
  EXPECT_EQ(person_of("a", {{"email", email}, {"email_verified", true}}).email,
            email);
  EXPECT_EQ(person_of("a", {{"email", email}, {"email_verified", false}}).email,
            "");
}

TEST_F(AuthenticatorTest, KnowsNoGroupsOfWhomAnAgentNames) {
  auto person =
      authenticator_.IdentifyPerson(CallerOf("a-trusted"), Name("ana"));
  ASSERT_TRUE(person.ok()) << person.status();
  EXPECT_EQ(person->groups, std::nullopt);
  EXPECT_EQ(person->email, "");
}

TEST_F(AuthenticatorTest, RefusesPeoplesTokensThatAreNotGood) {
  const Caller caller = CallerOf("a-cert");
  const int64_t now = absl::ToUnixSeconds(clock_.Now());
  auto problem = [&](const std::string& token) -> std::string {
    auto person = authenticator_.IdentifyPerson(caller, Token(token));
    if (person.ok()) return "";
    EXPECT_EQ(ReasonOf(person.status()), "USER_TOKEN_INVALID");
    EXPECT_EQ(MetadataOf(person.status(), "issuer"), LoginOf("a"));
    return MetadataOf(person.status(), "problem");
  };
  auto with = [&](const char* key, json value) {
    json claims = Claims(LoginOf("a"), "ana", "vault");
    claims[key] = std::move(value);
    return problem(Sign(LoginOf("a"), claims));
  };
  EXPECT_EQ(with("aud", "somebody-else"), "audience");
  EXPECT_EQ(with("exp", now - 60), "expired");
  EXPECT_EQ(with("iss", LoginOf("b")), "issuer");
  EXPECT_NE(with("sub", ""), "");
  EXPECT_NE(with("sub", "ana\n"), "");
  EXPECT_NE(with("sub", " ana"), "");
  EXPECT_EQ(problem("nonsense"), "malformed");
  EXPECT_EQ(problem(std::string(20000, 'x')), "malformed");
  EXPECT_EQ(problem(Sign(LoginOf("b"), Claims(LoginOf("a"), "ana", "vault"))),
            "signature");
}

// Everything that an issuer signs for us has our name on it.
TEST_F(AuthenticatorTest, TakesNoOtherKindOfTokenForAPerson) {
  const Caller caller = CallerOf("a-cert");
  auto problem = [&](const json& claims, const std::string& type) {
    auto token = signers_.at(LoginOf("a")).Sign(claims.dump(), type);
    auto person = authenticator_.IdentifyPerson(caller, Token(*token));
    return person.ok() ? "" : MetadataOf(person.status(), "problem");
  };
  json claims = Claims(LoginOf("a"), "ana", "vault");
  EXPECT_EQ(problem(claims, "at+jwt"), "");
  EXPECT_EQ(problem(claims, "JWT"), "");
  EXPECT_EQ(problem(claims, "logout+jwt"), "type");
  EXPECT_EQ(problem(claims, "secevent+jwt"), "type");
  claims["events"] = {
      {"http://schemas.openid.net/event/backchannel-logout", json::object()}};
  EXPECT_EQ(problem(claims, "JWT"), "type");
}

TEST_F(AuthenticatorTest, TakesNoOtherKindOfTokenForAnAgent) {
  for (auto [type, expected] : {std::pair{"JWT", ""},
                                {"JOSE", ""},
                                {"at+jwt", ""},
                                {"logout+jwt", "type"},
                                {"secevent+jwt", "type"}}) {
    auto token =
        signers_.at(kWorkloads)
            .Sign(Claims(kWorkloads, "a-jwt", "tokenvault").dump(), type);
    EXPECT_EQ(ProblemOf(Bearer(*token)), expected) << type;
  }
}

TEST_F(AuthenticatorTest, TakesBareNamesFromTrustedAgentsOnly) {
  const SubjectRef subject = Name("ana");
  auto refused = authenticator_.IdentifyPerson(CallerOf("a-cert"), subject);
  EXPECT_EQ(ReasonOf(refused.status()), "SUBJECT_ASSERTION_NOT_ALLOWED");
  auto person =
      authenticator_.TryIdentifyPerson(CallerOf("a-trusted"), subject);
  ASSERT_TRUE(person.has_value());
  ASSERT_TRUE(person->ok());
  EXPECT_EQ((*person)->issuer, LoginOf("a"));
  EXPECT_EQ((*person)->subject, "ana");
}

TEST_F(AuthenticatorTest, RefusesNamesThatAnotherReaderMightReadOtherwise) {
  const Caller caller = CallerOf("a-trusted");
  for (const std::string& name :
       {std::string(" ana"), std::string("ana "), std::string("ana\n"),
        std::string("ana\0", 4), std::string("\tana"), std::string("an\x7f"),
        std::string("ana\xc2\x85"), std::string("ana\xff"),
        std::string("\xc0\xa1"), std::string("\xed\xa0\x80"),
        std::string(256, 'a')}) {
    auto person = authenticator_.IdentifyPerson(caller, Name(name));
    EXPECT_EQ(ReasonOf(person.status()), "FIELD_INVALID")
        << absl::CHexEscape(name);
  }
}

TEST_F(AuthenticatorTest, KeepsNamesThatDifferInAnyByteApart) {
  const Caller caller = CallerOf("a-trusted");
  // Composed and not, upper case, full width, two spaces.
  for (const char* name : {"jos\xc3\xa9", "jose\xcc\x81", "JOS\xc3\xa9",
                           "\xef\xbd\x8aose", "jo se", "jo  se"}) {
    auto person = authenticator_.IdentifyPerson(caller, Name(name));
    ASSERT_TRUE(person.ok()) << name;
    EXPECT_EQ(person->subject, name);
  }
}

TEST_F(AuthenticatorTest, WantsExactlyOneSubject) {
  const Caller caller = CallerOf("a-trusted");
  EXPECT_EQ(ReasonOf(authenticator_.IdentifyPerson(caller, {}).status()),
            "FIELD_INVALID");
  EXPECT_EQ(
      ReasonOf(authenticator_
                   .IdentifyPerson(caller, Both(UserToken("a", "ana"), "ana"))
                   .status()),
      "FIELD_INVALID");
}

TEST_F(AuthenticatorTest, WantsOperatorsToNamePeopleOtherwise) {
  PeerCredential socket;
  socket.admin_socket = true;
  auto caller = authenticator_.Identify(socket);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(
      ReasonOf(authenticator_.IdentifyPerson(*caller, Name("ana")).status()),
      "FIELD_INVALID");
}

// Tenants x agents x people x tenants of the token: only tokens of the agent's
// own tenant name anybody, and always somebody of that tenant.
TEST_F(AuthenticatorTest, LetsNoAgentNamePeopleOfAnotherTenant) {
  int good = 0;
  int refused = 0;
  for (const std::string tenant : {"a", "b", "c"}) {
    for (const std::string kind : {"cert", "jwt", "trusted"}) {
      const std::string agent = absl::StrCat(tenant, "-", kind);
      auto caller = authenticator_.Identify(
          kind == "jwt"
              ? Bearer(WorkloadToken(agent))
              : Certificate({absl::StrCat("spiffe://example.com/", agent)}));
      ASSERT_TRUE(caller.ok()) << agent;
      EXPECT_EQ(caller->agent->tenant, TenantId(tenant));
      for (const std::string person : {"ana", "ben", "eve"}) {
        for (const std::string home : {"a", "b", "c"}) {
          // Twice: the second answer comes from memory.
          for (int turn = 0; turn < 2; ++turn) {
            auto named = authenticator_.IdentifyPerson(
                *caller, Token(UserToken(home, person)));
            EXPECT_EQ(named.ok(), home == tenant);
            (named.ok() ? good : refused)++;
            if (!named.ok()) continue;
            EXPECT_EQ(named->issuer, LoginOf(tenant));
            EXPECT_EQ(named->subject, person);
          }
        }
      }
    }
  }
  EXPECT_EQ(good, 3 * 3 * 3 * 2);
  EXPECT_EQ(refused, 3 * 3 * 3 * 2 * 2);
}

}  // namespace
}  // namespace tokenvault
