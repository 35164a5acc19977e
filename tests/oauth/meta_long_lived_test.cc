#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "oauth/adapter.h"
#include "oauth/oauth_client.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr char kLong[] =
    R"({"access_token":"long","token_type":"bearer","expires_in":5183944})";

class MetaLongLivedTest : public ::testing::Test {
 protected:
  MetaLongLivedTest() {
    provider_.id = ProviderId("meta");
    provider_.adapter = &MetaLongLived();
    provider_.client_id = "c";
    provider_.client_secret = std::make_shared<const Secret>(Secret::Copy("s"));
    provider_.client_auth = ClientAuth::kPost;
  }

  void UseFacebook() {
    provider_.token_url = "https://graph.facebook.com/v23.0/oauth/access_token";
    provider_.refresh_parameter = "fb_exchange_token";
    provider_.refresh_params = {{"grant_type", "fb_exchange_token"}};
  }
  void UseInstagram() {
    provider_.token_url = "https://api.instagram.com/oauth/access_token";
    provider_.refresh_url = "https://graph.instagram.com/refresh_access_token";
    provider_.refresh_method = RefreshMethod::kGet;
    provider_.refresh_parameter = "access_token";
    provider_.refresh_params = {{"grant_type", "ig_refresh_token"}};
  }
  absl::StatusOr<TokenResponse> Exchange() {
    return client_.ExchangeCode(provider_, Secret("code"), Secret(),
                                "https://r");
  }
  std::vector<std::pair<std::string, std::string>> QueryOf(size_t request) {
    const std::string url = http_.requests()[request].url;
    return *ParseQuery(url.substr(url.find('?') + 1));
  }

  Provider provider_;
  FakeHttpClient http_;
  OAuthClient client_{http_};
};

TEST_F(MetaLongLivedTest, ChangesFacebooksFirstTokenForALongOne) {
  UseFacebook();
  http_.AnswerJson(200, R"({"access_token":"short","token_type":"bearer",
                            "expires_in":5000})");
  http_.AnswerJson(200, kLong);
  auto response = Exchange();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->access_token.Reveal(), "long");
  EXPECT_EQ(response->refresh_token.Reveal(), "long");
  EXPECT_EQ(response->expires_in, absl::Seconds(5183944));
  ASSERT_EQ(http_.requests().size(), 2);
  EXPECT_THAT(
      *ParseQuery(http_.requests()[1].body),
      IsSupersetOf({Pair("grant_type", "fb_exchange_token"),
                    Pair("fb_exchange_token", "short"), Pair("client_id", "c"),
                    Pair("client_secret", "s")}));
}

TEST_F(MetaLongLivedTest, ChangesInstagramsFirstTokenAtItsOwnPath) {
  UseInstagram();
  http_.AnswerJson(200, R"({"data":[{"access_token":"short",
      "user_id":"1784","permissions":"instagram_business_basic"}]})");
  http_.AnswerJson(200, kLong);
  auto response = Exchange();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->refresh_token.Reveal(), "long");
  EXPECT_EQ(http_.requests()[1].method, "GET");
  EXPECT_THAT(
      http_.requests()[1].url,
      ::testing::StartsWith("https://graph.instagram.com/access_token?"));
  EXPECT_THAT(QueryOf(1), IsSupersetOf({Pair("grant_type", "ig_exchange_token"),
                                        Pair("client_secret", "s"),
                                        Pair("access_token", "short")}));
}

TEST_F(MetaLongLivedTest, ExchangesTheTokenForItself) {
  UseInstagram();
  http_.AnswerJson(200, R"({"access_token":"next","expires_in":5184000})");
  auto response = client_.Refresh(provider_, Secret("long"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->access_token.Reveal(), "next");
  EXPECT_EQ(response->refresh_token.Reveal(), "next");
  EXPECT_THAT(http_.requests()[0].url,
              ::testing::StartsWith(
                  "https://graph.instagram.com/refresh_access_token?"));
  EXPECT_THAT(QueryOf(0), IsSupersetOf({Pair("grant_type", "ig_refresh_token"),
                                        Pair("access_token", "long")}));
  EXPECT_THAT(QueryOf(0), Not(Contains(Key("refresh_token"))));
  EXPECT_EQ(http_.requests()[0].body, "");
}

TEST_F(MetaLongLivedTest, KeepsNothingWhenTheSecondExchangeFails) {
  UseFacebook();
  http_.AnswerJson(200, R"({"access_token":"short","expires_in":5000})");
  http_.AnswerJson(400, R"({"error":{"message":"x","code":190}})");
  EXPECT_EQ(ReasonOf(Exchange().status()), "PROVIDER_REFUSED");
}

}  // namespace
}  // namespace tokenvault
