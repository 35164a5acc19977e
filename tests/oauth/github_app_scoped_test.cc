#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "oauth/adapter.h"
#include "oauth/oauth_client.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::StartsWith;

constexpr char kScoped[] = R"({"id":1,
  "url":"https://api.github.com/authorizations/1","scopes":[],
  "token":"ghu_narrow","token_last_eight":"Ae178B4a","hashed_token":"25f94a",
  "app":{"url":"http://my-app.example","name":"my app","client_id":"Iv1.8a"},
  "note":null,"updated_at":"2027-01-15T08:00:00Z",
  "created_at":"2027-01-15T08:00:00Z","fingerprint":null,
  "expires_at":"2027-01-15T12:00:00Z",
  "installation":{"permissions":{"metadata":"read","issues":"write"},
    "repository_selection":"selected","single_file_name":null}})";

class GithubAppScopedTest : public ::testing::Test {
 protected:
  GithubAppScopedTest() {
    provider_.id = ProviderId("github");
    provider_.adapter = &GithubAppScoped();
    provider_.narrowing = Narrowing::kTokenExchange;
    provider_.token_url = "https://github.com/login/oauth/access_token";
    provider_.exchange_url =
        "https://api.github.com/applications/Iv1.8a/token/scoped";
    provider_.scope_not_echoed = {"metadata:read"};
    provider_.client_id = "Iv1.8a";
    provider_.client_secret = std::make_shared<const Secret>(Secret::Copy("s"));
    provider_.client_auth = ClientAuth::kPost;
    absl::ParseTime(absl::RFC3339_full, "2027-01-15T08:00:00Z", &call_.now,
                    nullptr);
  }

  absl::StatusOr<std::optional<TokenResponse>> Narrow(
      const ScopeSet& scopes, absl::string_view resource) {
    return client_.ExchangeToken(provider_, Secret("ghu_wide"), scopes,
                                 resource, "", call_);
  }

  Provider provider_;
  FakeHttpClient http_;
  OAuthClient client_{http_};
  TokenCall call_;
};

TEST_F(GithubAppScopedTest, NarrowsToPermissionsOfOneRepository) {
  http_.AnswerJson(200, kScoped);
  auto token = Narrow({"issues:write"}, "https://github.com/octo-org/hello");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ((*token)->access_token.Reveal(), "ghu_narrow");
  EXPECT_EQ((*token)->expires_in, absl::Hours(4));
  EXPECT_EQ(*(*token)->scope, ScopeSet({"issues:write", "metadata:read"}));
  const auto sent = http_.requests()[0];
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url,
            "https://api.github.com/applications/Iv1.8a/token/scoped");
  EXPECT_THAT(sent.authorization, StartsWith("Basic "));
  EXPECT_EQ(nlohmann::json::parse(sent.body), nlohmann::json::parse(R"({
    "access_token":"ghu_wide","target":"octo-org","repositories":["hello"],
    "permissions":{"issues":"write"}})"));
}

TEST_F(GithubAppScopedTest, TakesAWholeAccountToo) {
  http_.AnswerJson(200, kScoped);
  ASSERT_TRUE(Narrow({"issues:write"}, "https://github.com/octo-org").ok());
  EXPECT_FALSE(
      nlohmann::json::parse(http_.requests()[0].body).contains("repositories"));
}

TEST_F(GithubAppScopedTest, SaysWhatGithubGaveWhenThatIsMore) {
  http_.AnswerJson(200, kScoped);
  auto token = Narrow({"issues:read"}, "https://github.com/octo-org");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_FALSE((*token)
                   ->GrantedScopes(provider_, {"issues:read"})
                   .IsSubsetOf({"issues:read", "metadata:read"}));
}

TEST_F(GithubAppScopedTest, GivesTheWholeAppWithoutAsking) {
  auto token = Narrow({"app"}, "");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_FALSE(token->has_value());
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(GithubAppScopedTest, RefusesBeforeARefreshIsSpent) {
  for (const char* resource :
       {"", "octo-org", "https://github.com/", "https://github.com/a/b/c",
        "https://evil.example/a", "http://github.com/a",
        "https://github.com/a?b=c"}) {
    EXPECT_EQ(ReasonOf(client_
                           .SendRefresh(provider_, Secret("ghr_1"),
                                        {"issues:read"}, resource, call_)
                           .status()),
              "FIELD_INVALID")
        << resource;
  }
  for (const char* scope : {"issues", ":read", "issues:"}) {
    EXPECT_EQ(ReasonOf(client_
                           .SendRefresh(provider_, Secret("ghr_1"), {scope},
                                        "https://github.com/a", call_)
                           .status()),
              "FIELD_INVALID")
        << scope;
  }
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(GithubAppScopedTest, PassesOverTheEmptyScopeOfOrdinaryAnswers) {
  http_.AnswerJson(200, R"({"access_token":"ghu_1","expires_in":28800,
    "refresh_token":"ghr_2","refresh_token_expires_in":15811200,
    "token_type":"bearer","scope":""})");
  auto token = client_.Refresh(provider_, Secret("ghr_1"), {}, "", call_);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_FALSE(token->scope.has_value());
  EXPECT_EQ(token->expires_in, absl::Hours(8));
}

TEST_F(GithubAppScopedTest, SaysWhenGithubRefuses) {
  http_.AnswerJson(422, R"({"message":"Validation Failed","errors":[]})");
  EXPECT_EQ(ReasonOf(Narrow({"issues:write"}, "https://github.com/a").status()),
            "PROVIDER_REFUSED");
}

}  // namespace
}  // namespace tokenvault
