#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "oauth/adapter.h"
#include "oauth/oauth_client.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::Contains;
using ::testing::Pair;

constexpr char kLogin[] = "https://login.salesforce.com/services/oauth2/token";
constexpr char kAnswer[] = R"({"access_token":"00D!at","signature":"sig=",
  "scope":"refresh_token api","instance_url":"https://acme.my.salesforce.com",
  "id":"https://login.salesforce.com/id/00D/005","token_type":"Bearer",
  "issued_at":"1800000000000"})";

class SalesforceIntrospectTest : public ::testing::Test {
 protected:
  SalesforceIntrospectTest() {
    provider_.id = ProviderId("sf");
    provider_.adapter = &SalesforceIntrospect();
    provider_.token_url = kLogin;
    provider_.introspect_url =
        "https://login.salesforce.com/services/oauth2/introspect";
    provider_.expires_source = ExpirySource::kIntrospect;
    provider_.expires_default = absl::Minutes(15);
    provider_.capture = {"instance_url"};
    provider_.client_id = "c";
    provider_.client_auth = ClientAuth::kNone;
    call_.now = absl::FromUnixSeconds(1'800'000'000);
  }

  absl::StatusOr<TokenResponse> Refresh() {
    return client_.Refresh(provider_, Secret("rt"), {}, "", call_);
  }

  Provider provider_;
  FakeHttpClient http_;
  OAuthClient client_{http_};
  TokenCall call_;
};

TEST_F(SalesforceIntrospectTest, AsksHowLongTheTokenLives) {
  http_.AnswerJson(200, kAnswer);
  http_.AnswerJson(200, R"({"active":true,"exp":1800007200})");
  auto response = Refresh();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->Lifetime(provider_), absl::Hours(2));
  ASSERT_EQ(http_.requests().size(), 2);
  EXPECT_EQ(http_.requests()[0].url, kLogin);
  EXPECT_EQ(http_.requests()[1].url,
            "https://acme.my.salesforce.com/services/oauth2/introspect");
  EXPECT_THAT(*ParseQuery(http_.requests()[1].body),
              Contains(Pair("token", "00D!at")));
}

TEST_F(SalesforceIntrospectTest, AsksTheInstanceThatGaveTheToken) {
  call_.hints["instance_url"] = "https://acme.my.salesforce.com";
  http_.AnswerJson(200, kAnswer);
  ASSERT_TRUE(Refresh().ok());
  EXPECT_EQ(http_.requests()[0].url,
            "https://acme.my.salesforce.com/services/oauth2/token");
}

TEST_F(SalesforceIntrospectTest, SendsNothingToAHostThatIsNotSalesforces) {
  for (const char* instance :
       {"https://evil.example", "https://salesforce.com.evil.example",
        "https://evilsalesforce.com", "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443", "https://x@acme.force.com",
        "acme.my.salesforce.com", ""}) {
    call_.hints["instance_url"] = instance;
    EXPECT_EQ(ReasonOf(Refresh().status()), "PROVIDER_ANSWER_INVALID")
        << instance;
  }
  EXPECT_TRUE(http_.requests().empty());
}

TEST_F(SalesforceIntrospectTest, FallsBackToTheDefaultWhenNobodyTells) {
  http_.AnswerJson(200, kAnswer);
  http_.AnswerJson(400, R"({"error":"invalid_request"})");
  auto response = Refresh();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->Lifetime(provider_), absl::Minutes(15));
}

TEST_F(SalesforceIntrospectTest, PassesTheInstanceOn) {
  http_.AnswerJson(200, kAnswer);
  auto response = Refresh();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->captured,
              Contains(Pair("instance_url", "https://acme.my.salesforce.com")));
}

}  // namespace
}  // namespace tokenvault
