#include "oauth/revocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "oauth/oauth_client.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kToken[] = "na1-rt/1 é";

class RevocationTest : public ::testing::Test {
 protected:
  RevocationTest() {
    provider_.id = ProviderId("p");
    provider_.token_url = "https://p.example/token";
    provider_.client_id = "c";
    provider_.client_secret =
        std::make_shared<const Secret>(Secret::Copy("hunter2"));
  }

  void Use(RevocationStyle style, std::string url) {
    provider_.revocation_style = style;
    provider_.revocation_url = std::move(url);
  }
  absl::StatusOr<RevocationOutcome> Revoke(const std::string& token,
                                           absl::string_view hint) {
    return client_.Revoke(provider_, Secret::Copy(token), hint);
  }

  Provider provider_;
  FakeHttpClient http_;
  OAuthClient client_{http_};
};

TEST_F(RevocationTest, PutsTheTokenIntoThePathWhereHubSpotWantsIt) {
  Use(RevocationStyle::kPath,
      "https://api.hubapi.com/oauth/v1/refresh-tokens/{token}");
  http_.Answer(FakeHttpClient::Response(204, "", ""));
  EXPECT_EQ(*Revoke(kToken, "refresh_token"), RevocationOutcome::kRevoked);
  const auto sent = http_.requests()[0];
  EXPECT_EQ(sent.method, "DELETE");
  EXPECT_EQ(sent.url,
            "https://api.hubapi.com/oauth/v1/refresh-tokens/"
            "na1-rt%2F1%20%C3%A9");
  EXPECT_EQ(sent.authorization, "");
  EXPECT_EQ(sent.body, "");
}

TEST_F(RevocationTest, CountsAPathThatIsNotThereAsGone) {
  Use(RevocationStyle::kPath, "https://p.example/t/{token}");
  http_.AnswerJson(404, R"({"status":"error","message":"not found"})");
  EXPECT_EQ(*Revoke(kToken, "refresh_token"), RevocationOutcome::kRevoked);
}

TEST_F(RevocationTest, NeverShowsTheTokenOfAPath) {
  Use(RevocationStyle::kPath, "https://p.example/t/{token}");
  http_.Answer(errors::ProviderUnreachable("p.example", "reset", true));
  http_.AnswerJson(403, R"({"error":"na1-rt/1 is not yours"})");
  http_.AnswerJson(500, R"({"message":"na1-rt/1"})");
  http_.Answer(errors::AddressRefused("p.example"));
  for (int i = 0; i < 4; ++i) {
    absl::Status status = Revoke(kToken, "refresh_token").status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.ToString(absl::StatusToStringMode::kWithEverything),
                Not(HasSubstr("na1-rt")));
  }
}

TEST_F(RevocationTest, CallsWithTheAccessTokenWhereSlackWantsThat) {
  Use(RevocationStyle::kTokenCall, "https://slack.com/api/auth.revoke");
  provider_.ok_path = "ok";
  http_.AnswerJson(200, R"({"ok":true,"revoked":true})");
  EXPECT_EQ(*Revoke("xoxe.xoxp-1", "access_token"),
            RevocationOutcome::kRevoked);
  EXPECT_EQ(http_.requests()[0].url, "https://slack.com/api/auth.revoke");
  EXPECT_EQ(http_.requests()[0].authorization, "Bearer xoxe.xoxp-1");
}

TEST_F(RevocationTest, SeesARefusalInsideAGoodStatus) {
  Use(RevocationStyle::kTokenCall, "https://slack.com/api/auth.revoke");
  provider_.ok_path = "ok";
  provider_.errors_grant_gone = {"token_revoked"};
  http_.AnswerJson(200, R"({"ok":false,"error":"token_revoked"})");
  http_.AnswerJson(200, R"({"ok":false,"error":"fatal_error"})");
  EXPECT_EQ(*Revoke("at", "access_token"), RevocationOutcome::kRevoked);
  EXPECT_EQ(ReasonOf(Revoke("at", "access_token").status()),
            "PROVIDER_REFUSED");
}

TEST_F(RevocationTest, KnowsWhereARefreshTokenIsNoUse) {
  for (auto [style, by_access_token] :
       {std::pair{RevocationStyle::kNone, false},
        {RevocationStyle::kRfc7009, false},
        {RevocationStyle::kPath, false},
        {RevocationStyle::kTokenCall, true},
        {RevocationStyle::kBasicDelete, true}}) {
    Use(style, "https://p.example/revoke");
    EXPECT_EQ(RevokesByAccessToken(provider_), by_access_token);
  }
  // Without a secret there is no way to ask, whatever the token.
  provider_.client_secret = nullptr;
  EXPECT_FALSE(RevokesByAccessToken(provider_));
}

// One request: what it takes to have the token is not hidden in here.
TEST_F(RevocationTest, NeverUsesATokenUpToRevokeAnother) {
  Use(RevocationStyle::kTokenCall, "https://p.example/revoke");
  http_.Answer(errors::ProviderUnreachable("p.example", "reset", true));
  EXPECT_EQ(ReasonOf(Revoke("rt", "refresh_token").status()),
            "PROVIDER_UNREACHABLE");
  ASSERT_EQ(http_.requests().size(), 1);
  EXPECT_EQ(http_.requests()[0].url, "https://p.example/revoke");
}

TEST_F(RevocationTest, RevokesAKeptTokenWithoutAskingForAnother) {
  provider_.expires_source = ExpirySource::kNever;
  Use(RevocationStyle::kBasicDelete, "https://api.github.com/a/c/grant");
  http_.Answer(FakeHttpClient::Response(204, "", ""));
  EXPECT_FALSE(RevokesByAccessToken(provider_));
  EXPECT_EQ(*Revoke("gho_1", "refresh_token"), RevocationOutcome::kRevoked);
  ASSERT_EQ(http_.requests().size(), 1);
  EXPECT_EQ(http_.requests()[0].body, R"({"access_token":"gho_1"})");
}

}  // namespace
}  // namespace tokenvault
