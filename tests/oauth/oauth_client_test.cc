#include "oauth/oauth_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "base/errors.h"
#include "oauth/jwt_signer.h"
#include "oauth/url.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kToken[] = R"({"access_token":"at","expires_in":60})";

class OAuthClientTest : public ::testing::Test {
 protected:
  OAuthClientTest() {
    provider_.id = ProviderId("cal");
    provider_.authorize_url = "https://cal.example/authorize";
    provider_.token_url = "https://cal.example/token";
    provider_.client_id = "client 1";
    provider_.client_secret =
        std::make_shared<const Secret>(Secret::Copy("s:e/c&r=t"));
  }

  std::vector<std::pair<std::string, std::string>> SentFields() {
    return *ParseQuery(http_.requests().back().body);
  }
  std::vector<std::pair<std::string, std::string>> QueryOf(
      const std::string& url) {
    return *ParseQuery(url.substr(url.find('?') + 1));
  }

  Provider provider_;
  FakeHttpClient http_;
  OAuthClient client_{http_};
};

TEST_F(OAuthClientTest, BuildsTheAuthorizationUrl) {
  provider_.offline_scope = "offline_access";
  provider_.authorize_params = {{"prompt", "consent"}};
  provider_.protected_resource = "https://api.example";
  AuthorizationRequest request;
  request.scopes = {"read", "write"};
  request.redirect_uri = "https://vault.example/cb/x";
  request.state = "st";
  request.code_challenge = "ch";
  request.nonce = "no";
  request.extra = {{"max_age", "0"}};
  const std::string url = client_.AuthorizationUrl(provider_, request);
  EXPECT_THAT(url, ::testing::StartsWith("https://cal.example/authorize?"));
  EXPECT_THAT(
      QueryOf(url),
      UnorderedElementsAre(
          Pair("response_type", "code"), Pair("client_id", "client 1"),
          Pair("redirect_uri", "https://vault.example/cb/x"),
          Pair("state", "st"), Pair("scope", "offline_access read write"),
          Pair("code_challenge", "ch"), Pair("code_challenge_method", "S256"),
          Pair("nonce", "no"), Pair("resource", "https://api.example"),
          Pair("prompt", "consent"), Pair("max_age", "0")));
}

TEST_F(OAuthClientTest, LeavesPkceOutOnlyWhereItIsOff) {
  AuthorizationRequest request;
  request.code_challenge = "ch";
  provider_.pkce = PkceUse::kUnadvertised;
  EXPECT_THAT(QueryOf(client_.AuthorizationUrl(provider_, request)),
              Contains(Pair("code_challenge_method", "S256")));
  provider_.pkce = PkceUse::kOff;
  EXPECT_THAT(QueryOf(client_.AuthorizationUrl(provider_, request)),
              Not(Contains(Key("code_challenge"))));
}

TEST_F(OAuthClientTest, JoinsScopesAsTheProviderWants) {
  provider_.scope_delimiter = ",";
  AuthorizationRequest request;
  request.scopes = {"a", "b"};
  EXPECT_THAT(QueryOf(client_.AuthorizationUrl(provider_, request)),
              Contains(Pair("scope", "a,b")));
}

TEST_F(OAuthClientTest, ExchangesACode) {
  http_.AnswerJson(200, kToken);
  auto token = client_.ExchangeCode(provider_, Secret("co/de"), Secret("ver"),
                                    "https://vault.example/cb/x");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->access_token.Reveal(), "at");
  const auto sent = http_.requests()[0];
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "https://cal.example/token");
  EXPECT_THAT(sent.headers,
              UnorderedElementsAre(
                  Pair("Accept", "application/json"),
                  Pair("Content-Type", "application/x-www-form-urlencoded")));
  EXPECT_THAT(
      SentFields(),
      UnorderedElementsAre(Pair("grant_type", "authorization_code"),
                           Pair("code", "co/de"), Pair("code_verifier", "ver"),
                           Pair("redirect_uri", "https://vault.example/cb/x")));
}

TEST_F(OAuthClientTest, FormEncodesBothHalvesOfBasicCredentials) {
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt")).ok());
  std::string decoded;
  const std::string header = http_.requests()[0].authorization;
  ASSERT_TRUE(absl::Base64Unescape(header.substr(6), &decoded));
  EXPECT_EQ(header.substr(0, 6), "Basic ");
  EXPECT_EQ(decoded, "client%201:s%3Ae%2Fc%26r%3Dt");
}

TEST_F(OAuthClientTest, PutsCredentialsIntoTheBodyWhereThePresetSays) {
  provider_.client_auth = ClientAuth::kPost;
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt")).ok());
  EXPECT_EQ(http_.requests()[0].authorization, "");
  EXPECT_THAT(SentFields(), IsSupersetOf({Pair("client_id", "client 1"),
                                          Pair("client_secret", "s:e/c&r=t")}));
}

TEST_F(OAuthClientTest, SendsAPublicClientsIdAlone) {
  provider_.client_auth = ClientAuth::kNone;
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt")).ok());
  EXPECT_EQ(http_.requests()[0].authorization, "");
  EXPECT_THAT(SentFields(), Contains(Pair("client_id", "client 1")));
  EXPECT_THAT(SentFields(), Not(Contains(Key("client_secret"))));
}

TEST_F(OAuthClientTest, WritesJsonWhereThePresetSays) {
  provider_.body = BodyFormat::kJson;
  provider_.token_params = {{"expiring", "1"}};
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("r\"t")).ok());
  EXPECT_EQ(
      http_.requests()[0].body,
      R"({"expiring":"1","grant_type":"refresh_token","refresh_token":"r\"t"})");
  EXPECT_THAT(http_.requests()[0].headers,
              Contains(Pair("Content-Type", "application/json")));
}

TEST_F(OAuthClientTest, NarrowsARefreshOnlyWhereTheProviderCan) {
  http_.AnswerJson(200, kToken);
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt"), {"read"}, "r").ok());
  EXPECT_THAT(SentFields(), ElementsAre(Pair("grant_type", "refresh_token"),
                                        Pair("refresh_token", "rt")));
  provider_.narrowing = Narrowing::kRefreshScope;
  provider_.resource = true;
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt"), {"read"}, "r").ok());
  EXPECT_THAT(SentFields(),
              IsSupersetOf({Pair("scope", "read"), Pair("resource", "r")}));
}

TEST_F(OAuthClientTest, RefreshesAtItsOwnUrlWhereThereIsOne) {
  provider_.refresh_url = "https://cal.example/refresh";
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt")).ok());
  EXPECT_EQ(http_.requests()[0].url, "https://cal.example/refresh");
}

TEST_F(OAuthClientTest, GivesTheRawAnswerOfARefresh) {
  http_.AnswerJson(400, R"({"error":"invalid_grant"})");
  auto answer = client_.SendRefresh(provider_, Secret("rt"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(ReasonOf(ParseTokenResponse(provider_, *answer).status()),
            "GRANT_GONE");
}

TEST_F(OAuthClientTest, SendsARefreshExactlyOnce) {
  http_.Answer(errors::ProviderUnreachable("cal.example", "reset", true));
  http_.AnswerJson(200, kToken);
  absl::Status status = client_.Refresh(provider_, Secret("rt")).status();
  EXPECT_EQ(MetadataOf(status, "maybe_sent"), "true");
  EXPECT_EQ(http_.requests().size(), 1);
}

TEST_F(OAuthClientTest, NamesTheProviderInsteadOfItsHost) {
  http_.Answer(errors::ProviderUnreachable("cal.example", "dns", false));
  http_.Answer(errors::ProviderAnswerInvalid("cal.example", "too_large"));
  http_.Answer(errors::AddressRefused("cal.example"));
  absl::Status status = client_.Refresh(provider_, Secret("rt")).status();
  EXPECT_EQ(MetadataOf(status, "provider"), "cal");
  EXPECT_EQ(MetadataOf(status, "problem"), "dns");
  EXPECT_EQ(MetadataOf(status, "maybe_sent"), "false");
  status = client_.Refresh(provider_, Secret("rt")).status();
  EXPECT_EQ(MetadataOf(status, "provider"), "cal");
  EXPECT_EQ(MetadataOf(status, "problem"), "too_large");
  status = client_.Refresh(provider_, Secret("rt")).status();
  EXPECT_EQ(ReasonOf(status), "ADDRESS_REFUSED");
}

TEST_F(OAuthClientTest, ExchangesATokenForANarrowerOne) {
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_
                  .ExchangeToken(provider_, Secret("wide"), {"read"},
                                 "https://api/folder/7", "aud")
                  .ok());
  EXPECT_THAT(
      SentFields(),
      UnorderedElementsAre(
          Pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
          Pair("subject_token", "wide"),
          Pair("subject_token_type",
               "urn:ietf:params:oauth:token-type:access_token"),
          Pair("requested_token_type",
               "urn:ietf:params:oauth:token-type:access_token"),
          Pair("scope", "read"), Pair("resource", "https://api/folder/7"),
          Pair("audience", "aud")));
}

TEST_F(OAuthClientTest, RefusesATokenThatIsNotForTheResource) {
  provider_.exchange_restrictions = "restricted_to";
  const char* const kBox =
      R"({"access_token":"at","expires_in":4169,"token_type":"bearer",
          "issued_token_type":"urn:ietf:params:oauth:token-type:access_token",
          "restricted_to":[{"scope":"item_preview","object":{"type":"folder",
          "id":"123","sequence_id":"1","etag":"1","name":"Contracts"}}]})";
  for (const char* body :
       {kToken, R"({"access_token":"at","restricted_to":[]})", kBox}) {
    http_.AnswerJson(200, body);
    EXPECT_EQ(MetadataOf(client_
                             .ExchangeToken(
                                 provider_, Secret("wide"), {"item_preview"},
                                 "https://api.box.com/2.0/folders/99", "")
                             .status(),
                         "problem"),
              "not_narrowed")
        << body;
  }
  http_.AnswerJson(200, kBox);
  auto token =
      client_.ExchangeToken(provider_, Secret("wide"), {"item_preview"},
                            "https://api.box.com/2.0/folders/123", "");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(*(*token)->scope, ScopeSet({"item_preview"}));
}

TEST_F(OAuthClientTest, SendsNoVerifierWhereItSentNoChallenge) {
  provider_.pkce = PkceUse::kOff;
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_
                  .ExchangeCode(provider_, Secret("code"), Secret("verifier"),
                                "https://vault.example/cb/x")
                  .ok());
  EXPECT_THAT(SentFields(), Not(Contains(Pair("code_verifier", _))));
}

TEST_F(OAuthClientTest, ExchangesAtAUrlOfItsOwnWhereThereIsOne) {
  provider_.exchange_url = "https://cal.example/exchange";
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(
      client_.ExchangeToken(provider_, Secret("wide"), {"a"}, "", "").ok());
  EXPECT_EQ(http_.requests()[0].url, "https://cal.example/exchange");
}

TEST_F(OAuthClientTest, RepeatsTheRedirectUriWhereTheProviderWantsThat) {
  provider_.refresh_redirect_uri = true;
  EXPECT_EQ(ReasonOf(client_.Refresh(provider_, Secret("rt")).status()),
            "INTERNAL");
  EXPECT_TRUE(http_.requests().empty());
  TokenCall call;
  call.redirect_uri = "https://vault.example/cb/x";
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt"), {}, "", call).ok());
  EXPECT_THAT(SentFields(),
              Contains(Pair("redirect_uri", "https://vault.example/cb/x")));
}

TEST_F(OAuthClientTest, KeepsATokenThatNeverExpires) {
  provider_.expires_source = ExpirySource::kNever;
  http_.AnswerJson(200, R"({"access_token":"forever","token_type":"bearer"})");
  auto first = client_.ExchangeCode(provider_, Secret("co"), Secret("ver"),
                                    "https://vault.example/cb/x");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->refresh_token.Reveal(), "forever");
  EXPECT_GT(first->Lifetime(provider_), absl::Hours(24 * 365));
  auto later = client_.Refresh(provider_, first->refresh_token);
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->access_token.Reveal(), "forever");
  EXPECT_TRUE(later->refresh_token.empty());
  EXPECT_EQ(http_.requests().size(), 1);
}

TEST_F(OAuthClientTest, PutsTheSecretIntoAJsonBody) {
  provider_.client_auth = ClientAuth::kJson;
  provider_.body = BodyFormat::kJson;
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt")).ok());
  EXPECT_EQ(http_.requests()[0].authorization, "");
  EXPECT_EQ(http_.requests()[0].body,
            R"({"client_id":"client 1","client_secret":"s:e/c&r=t",)"
            R"("grant_type":"refresh_token","refresh_token":"rt"})");
}

TEST_F(OAuthClientTest, ProvesItselfByAnAssertionAndSendsNoSecret) {
  auto key = JwtSigner::Generate(JwsAlgorithm::kEs256, "k");
  ASSERT_TRUE(key.ok());
  provider_.client_auth = ClientAuth::kPrivateKeyJwt;
  provider_.client_key = std::make_shared<const JwtSigner>(*std::move(key));
  TokenCall call;
  call.now = absl::FromUnixSeconds(1'800'000'000);
  http_.AnswerJson(200, kToken);
  ASSERT_TRUE(client_.Refresh(provider_, Secret("rt"), {}, "", call).ok());
  EXPECT_EQ(http_.requests()[0].authorization, "");
  EXPECT_THAT(SentFields(),
              IsSupersetOf({Pair("client_id", "client 1"),
                            Pair("client_assertion_type",
                                 "urn:ietf:params:oauth:client-assertion-type:"
                                 "jwt-bearer")}));
  EXPECT_THAT(SentFields(), Contains(Key("client_assertion")));
  EXPECT_THAT(SentFields(), Not(Contains(Key("client_secret"))));
}

TEST_F(OAuthClientTest, AsksForScopesUnderTheNameOfThePreset) {
  provider_.scope_parameter = "user_scope";
  AuthorizationRequest request;
  request.scopes = {"chat:write"};
  EXPECT_THAT(QueryOf(client_.AuthorizationUrl(provider_, request)),
              Contains(Pair("user_scope", "chat:write")));
}

TEST_F(OAuthClientTest, RevokesByRfc7009) {
  provider_.revocation_style = RevocationStyle::kRfc7009;
  provider_.revocation_url = "https://cal.example/revoke";
  http_.Answer(FakeHttpClient::Response(200, "text/plain", ""));
  EXPECT_EQ(*client_.Revoke(provider_, Secret("rt"), "refresh_token"),
            RevocationOutcome::kRevoked);
  EXPECT_EQ(http_.requests()[0].url, "https://cal.example/revoke");
  EXPECT_THAT(SentFields(),
              ElementsAre(Pair("token", "rt"),
                          Pair("token_type_hint", "refresh_token")));
}

TEST_F(OAuthClientTest, CountsATokenThatIsGoneAsRevoked) {
  provider_.revocation_style = RevocationStyle::kRfc7009;
  provider_.revocation_url = "https://cal.example/revoke";
  http_.AnswerJson(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(*client_.Revoke(provider_, Secret("rt"), "refresh_token"),
            RevocationOutcome::kRevoked);
}

TEST_F(OAuthClientTest, SaysWhenARevocationFailed) {
  provider_.revocation_style = RevocationStyle::kRfc7009;
  provider_.revocation_url = "https://cal.example/revoke";
  http_.Answer(FakeHttpClient::Response(503, "text/plain", ""));
  http_.AnswerJson(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(ReasonOf(client_.Revoke(provider_, Secret("rt"), "x").status()),
            "PROVIDER_UNREACHABLE");
  EXPECT_EQ(ReasonOf(client_.Revoke(provider_, Secret("rt"), "x").status()),
            "PROVIDER_MISCONFIGURED");
}

TEST_F(OAuthClientTest, RevokesGithubsWay) {
  provider_.revocation_style = RevocationStyle::kBasicDelete;
  provider_.revocation_url = "https://api.example/applications/c/grant";
  http_.Answer(FakeHttpClient::Response(204, "", ""));
  http_.AnswerJson(404, "{}");
  EXPECT_EQ(*client_.Revoke(provider_, Secret("at"), "access_token"),
            RevocationOutcome::kRevoked);
  const auto sent = http_.requests()[0];
  EXPECT_EQ(sent.method, "DELETE");
  EXPECT_EQ(sent.body, R"({"access_token":"at"})");
  EXPECT_THAT(sent.authorization, HasSubstr("Basic "));
  EXPECT_EQ(*client_.Revoke(provider_, Secret("at"), "access_token"),
            RevocationOutcome::kRevoked);
}

TEST_F(OAuthClientTest, SaysWhenAProviderCannotRevoke) {
  EXPECT_EQ(*client_.Revoke(provider_, Secret("rt"), "refresh_token"),
            RevocationOutcome::kUnsupported);
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(OAuthClientTest, AsksWhoseAccountItIs) {
  provider_.account_url = "https://cal.example/me";
  provider_.account_id = "user.id";
  provider_.account_label = "user.login";
  http_.AnswerJson(200, R"({"user":{"id":42,"login":"ana"}})");
  auto account = client_.FetchAccount(provider_, Secret("at"));
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_EQ(account->id, "42");
  EXPECT_EQ(account->label, "ana");
  EXPECT_EQ(http_.requests()[0].method, "GET");
  EXPECT_EQ(http_.requests()[0].authorization, "Bearer at");
}

TEST_F(OAuthClientTest, LabelsAnAccountByItsIdWhenThereIsNoBetter) {
  provider_.account_url = "https://cal.example/me";
  http_.AnswerJson(200, R"({"sub":"ana-1","email":null})");
  EXPECT_EQ(client_.FetchAccount(provider_, Secret("at"))->label, "ana-1");
}

TEST_F(OAuthClientTest, RefusesAnAccountWithoutAnId) {
  provider_.account_url = "https://cal.example/me";
  for (const char* body : {"{}", R"({"sub":""})", R"({"sub":1.5})",
                           R"({"sub":["x"]})", "<html>", ""}) {
    http_.AnswerJson(200, body);
    EXPECT_EQ(ReasonOf(client_.FetchAccount(provider_, Secret("at")).status()),
              "PROVIDER_ANSWER_INVALID")
        << body;
  }
}

TEST_F(OAuthClientTest, SaysWhyAnAccountCannotBeRead) {
  provider_.account_url = "https://cal.example/me";
  http_.AnswerJson(401, "{}");
  http_.AnswerJson(500, "{}");
  EXPECT_EQ(ReasonOf(client_.FetchAccount(provider_, Secret("at")).status()),
            "GRANT_GONE");
  EXPECT_EQ(ReasonOf(client_.FetchAccount(provider_, Secret("at")).status()),
            "PROVIDER_UNREACHABLE");
}

TEST_F(OAuthClientTest, AsksNobodyWhereThereIsNoAccountUrl) {
  EXPECT_EQ(client_.FetchAccount(provider_, Secret("at"))->id, "");
  EXPECT_TRUE(http_.requests().empty());
}

}  // namespace
}  // namespace tokenvault
