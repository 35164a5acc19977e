#include "oauth/introspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

const absl::Time kAsked = absl::FromUnixSeconds(1'800'000'000);

std::optional<absl::Duration> Read(const std::string& body, int status = 200) {
  return ReadIntrospection(
      FakeHttpClient::Response(status, "application/json", body), kAsked);
}

TEST(IntrospectionTest, AsksWithTheToken) {
  Provider provider;
  provider.client_id = "c";
  provider.client_auth = ClientAuth::kNone;
  provider.introspect_url = "https://as.example/introspect";
  TokenCall call;
  call.now = kAsked;
  auto request = MakeIntrospectionRequest(provider, Secret("at"), call);
  ASSERT_TRUE(request.ok() && request->has_value());
  EXPECT_EQ((*request)->method, "POST");
  EXPECT_EQ((*request)->url, "https://as.example/introspect");
  EXPECT_THAT(
      *ParseQuery((*request)->body.Reveal()),
      ElementsAre(Pair("token", "at"), Pair("token_type_hint", "access_token"),
                  Pair("client_id", "c")));
}

TEST(IntrospectionTest, AsksNobodyWithoutAnEndpointOrTheTime) {
  Provider provider;
  TokenCall call;
  call.now = kAsked;
  EXPECT_FALSE(
      MakeIntrospectionRequest(provider, Secret("at"), call)->has_value());
  provider.introspect_url = "https://as.example/introspect";
  EXPECT_FALSE(
      MakeIntrospectionRequest(provider, Secret("at"), {})->has_value());
}

TEST(IntrospectionTest, CountsFromNowToTheEnd) {
  EXPECT_EQ(Read(R"({"active":true,"exp":1800003600,"scope":"api"})"),
            absl::Hours(1));
}

TEST(IntrospectionTest, BelievesNothingElse) {
  for (const char* body :
       {"", "<html>", "{}", R"({"active":true})",
        R"({"active":false,"exp":1800003600})", R"({"exp":1800003600})",
        R"({"active":"true","exp":1800003600})",
        R"({"active":true,"exp":1800000000})", R"({"active":true,"exp":-1})",
        R"({"active":true,"exp":"1800003600"})",
        R"({"active":true,"exp":9000000000})"}) {
    EXPECT_FALSE(Read(body).has_value()) << body;
  }
  EXPECT_FALSE(Read(R"({"active":true,"exp":1800003600})", 401).has_value());
}

}  // namespace
}  // namespace tokenvault
