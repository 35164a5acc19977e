#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "oauth/adapter.h"
#include "oauth/token_response.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

constexpr char kBoth[] = R"({
  "ok": true, "access_token": "xoxe.xoxb-bot", "expires_in": 43200,
  "refresh_token": "xoxe-1-bot", "token_type": "bot", "scope": "commands",
  "bot_user_id": "U0KRQLJ9H", "app_id": "A0KRD7HC3",
  "team": {"name": "Acme", "id": "T9TK3CUKW"}, "enterprise": null,
  "authed_user": {"id": "U1234", "scope": "channels:read,chat:write",
    "access_token": "xoxe.xoxp-ana", "expires_in": 43199,
    "refresh_token": "xoxe-1-ana", "token_type": "user"}})";

Provider Slack() {
  Provider provider;
  provider.id = ProviderId("slack");
  provider.adapter = &SlackV2();
  provider.ok_path = "ok";
  provider.scope_delimiter = ",";
  provider.scope_response_delimiter = ",";
  provider.errors_grant_gone = {"invalid_refresh_token", "token_revoked"};
  provider.errors_app_misconfigured = {"invalid_client_id",
                                       "bad_client_secret"};
  return provider;
}

absl::StatusOr<TokenResponse> ParseSlack(const std::string& body) {
  return ParseTokenResponse(
      Slack(), FakeHttpClient::Response(200, "application/json", body));
}

TEST(SlackV2Test, TakesThePersonsTokenWhereThereAreTwo) {
  auto response = ParseSlack(kBoth);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->access_token.Reveal(), "xoxe.xoxp-ana");
  EXPECT_EQ(response->refresh_token.Reveal(), "xoxe-1-ana");
  EXPECT_EQ(response->expires_in, absl::Seconds(43199));
  EXPECT_EQ(*response->scope, ScopeSet({"channels:read", "chat:write"}));
}

TEST(SlackV2Test, NeverPutsTheBotsRefreshTokenBesideThePersonsAccess) {
  auto response = ParseSlack(R"({"ok":true,"access_token":"xoxb-1",
      "refresh_token":"xoxe-bot","expires_in":1,"scope":"commands",
      "authed_user":{"id":"U1","access_token":"xoxp-1"}})");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->access_token.Reveal(), "xoxp-1");
  EXPECT_TRUE(response->refresh_token.empty());
  EXPECT_FALSE(response->expires_in.has_value());
  EXPECT_FALSE(response->scope.has_value());
}

TEST(SlackV2Test, TakesTheBotsTokenWhereThereIsNoOther) {
  auto response = ParseSlack(R"({"ok":true,"access_token":"xoxb-1",
      "token_type":"bot","scope":"commands","authed_user":{"id":"U1"}})");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->access_token.Reveal(), "xoxb-1");
  EXPECT_EQ(response->token_type, "Bearer");
}

TEST(SlackV2Test, ReadsTheAnswerOfARefresh) {
  auto response = ParseSlack(R"({"ok":true,"access_token":"xoxe.xoxp-2",
      "expires_in":43200,"refresh_token":"xoxe-2","token_type":"user"})");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->access_token.Reveal(), "xoxe.xoxp-2");
  EXPECT_EQ(response->refresh_token.Reveal(), "xoxe-2");
}

TEST(SlackV2Test, SeesErrorsInsideAGoodStatus) {
  EXPECT_EQ(
      ReasonOf(ParseSlack(R"({"ok":false,"error":"invalid_refresh_token"})")
                   .status()),
      "GRANT_GONE");
  EXPECT_EQ(
      ReasonOf(
          ParseSlack(R"({"ok":false,"error":"bad_client_secret"})").status()),
      "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(ReasonOf(ParseSlack(R"({"ok":false})").status()),
            "PROVIDER_REFUSED");
}

TEST(SlackV2Test, SalvagesThePersonsRefreshTokenNotTheBots) {
  auto answer = FakeHttpClient::Response(200, "application/json", kBoth);
  EXPECT_EQ(SalvageRefreshToken(Slack(), answer).Reveal(), "xoxe-1-ana");
}

}  // namespace
}  // namespace tokenvault
