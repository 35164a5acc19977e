#include "oauth/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;

constexpr char kIssuer[] = "https://login.example.com";
constexpr char kDocument[] = R"({
  "issuer": "https://login.example.com",
  "authorization_endpoint": "https://login.example.com/authorize",
  "token_endpoint": "https://login.example.com/token",
  "userinfo_endpoint": "https://login.example.com/me",
  "revocation_endpoint": "https://login.example.com/revoke",
  "jwks_uri": "https://login.example.com/jwks",
  "code_challenge_methods_supported": ["plain", "S256"],
  "id_token_signing_alg_values_supported": ["RS256"],
  "authorization_response_iss_parameter_supported": true
})";

std::string Problem(absl::string_view body, const MetadataRules& rules = {}) {
  absl::Status status = ParseServerMetadata(body, kIssuer, rules).status();
  return status.ok() ? "good" : MetadataOf(status, "problem");
}

std::string With(absl::string_view from, absl::string_view to) {
  return absl::StrReplaceAll(kDocument, {{from, to}});
}

TEST(DiscoveryTest, TriesTheKnownPlacesInOrder) {
  EXPECT_THAT(
      *MetadataUrls("https://a.example"),
      ElementsAre("https://a.example/.well-known/openid-configuration",
                  "https://a.example/.well-known/oauth-authorization-server"));
  EXPECT_THAT(
      *MetadataUrls("https://a.example/t1/"),
      ElementsAre("https://a.example/t1/.well-known/openid-configuration",
                  "https://a.example/.well-known/oauth-authorization-server/t1",
                  "https://a.example/.well-known/openid-configuration/t1"));
  for (const char* issuer : {"", "a.example", "https://a.example?x=1",
                             "https://a.example#x", "ftp://a.example"}) {
    EXPECT_EQ(ReasonOf(MetadataUrls(issuer).status()), "FIELD_INVALID");
  }
}

TEST(DiscoveryTest, ReadsADocument) {
  auto metadata = ParseServerMetadata(kDocument, kIssuer, {});
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->token_endpoint, "https://login.example.com/token");
  EXPECT_EQ(metadata->jwks_uri, "https://login.example.com/jwks");
  EXPECT_THAT(metadata->id_token_algorithms, ElementsAre("RS256"));
  EXPECT_TRUE(metadata->authorization_response_iss);
}

TEST(DiscoveryTest, RefusesADocumentThatSpeaksForSomeoneElse) {
  for (const char* issuer :
       {"https://login.example.com/", "https://evil.example",
        "https://LOGIN.example.com", "http://login.example.com", ""}) {
    EXPECT_EQ(Problem(With(R"("https://login.example.com",)",
                           absl::StrCat("\"", issuer, "\","))),
              "issuer_mismatch")
        << issuer;
  }
}

TEST(DiscoveryTest, RefusesEndpointsThatAreNotHttps) {
  for (const char* field : {"authorize", "token", "me", "revoke", "jwks"}) {
    const std::string document =
        With(absl::StrCat("https://login.example.com/", field, "\""),
             absl::StrCat("http://login.example.com/", field, "\""));
    EXPECT_EQ(Problem(document), "not_https") << field;
    MetadataRules development;
    development.allow_http_loopback = true;
    EXPECT_EQ(Problem(document, development), "good");
  }
  EXPECT_EQ(Problem(With("https://login.example.com/jwks", "file:///etc")),
            "not_https");
}

TEST(DiscoveryTest, NeedsS256UnlessWaived) {
  MetadataRules waived;
  waived.pkce = PkceUse::kUnadvertised;
  for (const std::string& document :
       {With(R"("plain", "S256")", R"("plain")"),
        With(R"("plain", "S256")", R"("s256")"),
        With("code_challenge_methods_supported", "x")}) {
    EXPECT_EQ(Problem(document), "no_s256");
    EXPECT_EQ(Problem(document, waived), "good");
  }
}

TEST(DiscoveryTest, NeedsBothEndpoints) {
  EXPECT_EQ(Problem(With("\"token_endpoint\"", "\"x\"")), "no_endpoint");
  EXPECT_EQ(Problem(With("\"authorization_endpoint\"", "\"x\"")),
            "no_endpoint");
}

TEST(DiscoveryTest, RefusesBrokenDocuments) {
  EXPECT_EQ(Problem("<html>"), "not_json");
  EXPECT_EQ(Problem(With("\"jwks_uri\"", "\"issuer\"")), "duplicate_key");
}

TEST(DiscoveryTest, FillsOnlyWhatIsEmpty) {
  auto metadata = ParseServerMetadata(kDocument, kIssuer, {});
  Provider provider;
  provider.token_url = "https://mine.example/token";
  ApplyMetadata(provider, *metadata);
  EXPECT_EQ(provider.token_url, "https://mine.example/token");
  EXPECT_EQ(provider.authorize_url, "https://login.example.com/authorize");
  EXPECT_EQ(provider.account_url, "https://login.example.com/me");
  EXPECT_EQ(provider.revocation_style, RevocationStyle::kRfc7009);
  EXPECT_EQ(provider.revocation_url, "https://login.example.com/revoke");
  EXPECT_TRUE(provider.authorization_response_iss);
}

TEST(DiscoveryTest, NeverWaivesTheIssuerCheck) {
  Provider provider;
  provider.authorization_response_iss = true;
  ApplyMetadata(provider, ServerMetadata{});
  EXPECT_TRUE(provider.authorization_response_iss);
}

class DiscoveryCacheTest : public ::testing::Test {
 protected:
  absl::StatusOr<ServerMetadata> Get(absl::Duration later) {
    return cache_.Get(kIssuer, {}, start_ + later);
  }
  FakeHttpClient http_;
  DiscoveryCache cache_{http_};
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(DiscoveryCacheTest, AsksOnceAnHour) {
  http_.AnswerJson(200, kDocument);
  http_.AnswerJson(200, kDocument);
  EXPECT_TRUE(Get(absl::ZeroDuration()).ok());
  EXPECT_TRUE(Get(absl::Minutes(59)).ok());
  EXPECT_EQ(http_.requests().size(), 1);
  EXPECT_TRUE(Get(absl::Minutes(61)).ok());
  EXPECT_EQ(http_.requests().size(), 2);
}

TEST_F(DiscoveryCacheTest, GoesOnToTheNextPlace) {
  http_.AnswerJson(404, "{}");
  http_.AnswerJson(200, kDocument);
  EXPECT_TRUE(Get(absl::ZeroDuration()).ok());
  EXPECT_EQ(http_.requests()[1].url,
            "https://login.example.com/.well-known/oauth-authorization-server");
}

TEST_F(DiscoveryCacheTest, SaysWhenThereIsNoDocument) {
  http_.AnswerJson(404, "{}");
  http_.AnswerJson(404, "{}");
  EXPECT_EQ(MetadataOf(Get(absl::ZeroDuration()).status(), "problem"),
            "no_metadata");
}

TEST_F(DiscoveryCacheTest, FollowsNoRedirect) {
  http_.AnswerJson(302, "");
  EXPECT_EQ(MetadataOf(Get(absl::ZeroDuration()).status(), "problem"),
            "http_302");
  EXPECT_EQ(http_.requests().size(), 1);
}

TEST_F(DiscoveryCacheTest, UsesADayOldDocumentWhileTheIssuerIsAway) {
  http_.AnswerJson(200, kDocument);
  ASSERT_TRUE(Get(absl::ZeroDuration()).ok());
  EXPECT_TRUE(Get(absl::Hours(2)).ok());
  EXPECT_TRUE(Get(absl::Hours(2) + absl::Seconds(1)).ok());
  EXPECT_EQ(http_.requests().size(), 2);
  EXPECT_EQ(ReasonOf(Get(absl::Hours(25)).status()), "PROVIDER_UNREACHABLE");
}

TEST_F(DiscoveryCacheTest, DoesNotUseAnOldDocumentOverABadNewOne) {
  http_.AnswerJson(200, kDocument);
  http_.AnswerJson(
      200, With("https://login.example.com\",", "https://evil.example\","));
  ASSERT_TRUE(Get(absl::ZeroDuration()).ok());
  for (int seconds : {0, 1}) {
    absl::Duration later = absl::Hours(2) + absl::Seconds(seconds);
    EXPECT_EQ(MetadataOf(Get(later).status(), "problem"), "issuer_mismatch");
  }
}

TEST_F(DiscoveryCacheTest, LeavesAFailedIssuerAloneForAWhile) {
  EXPECT_FALSE(Get(absl::ZeroDuration()).ok());
  EXPECT_FALSE(Get(absl::Seconds(29)).ok());
  EXPECT_EQ(http_.requests().size(), 1);
  http_.AnswerJson(200, kDocument);
  EXPECT_TRUE(Get(absl::Seconds(31)).ok());
}

TEST_F(DiscoveryCacheTest, KeepsStrictAndLaxReadingsApart) {
  http_.AnswerJson(200, With("S256", "x"));
  http_.AnswerJson(200, With("S256", "x"));
  MetadataRules waived;
  waived.pkce = PkceUse::kUnadvertised;
  EXPECT_TRUE(cache_.Get(kIssuer, waived, start_).ok());
  EXPECT_FALSE(cache_.Get(kIssuer, {}, start_).ok());
}

}  // namespace
}  // namespace tokenvault
