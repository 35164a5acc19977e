#include "oauth/protected_resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kResource[] = "https://mcp.example/t1/mcp";
const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

std::string Document(absl::string_view resource,
                     absl::string_view servers = "\"https://as.example\"") {
  return absl::StrCat(R"({"resource":")", resource,
                      R"(","authorization_servers":[)", servers, "]}");
}

std::string Problem(absl::string_view body,
                    ResourceVoice voice = ResourceVoice::kHost,
                    const MetadataRules& rules = {}) {
  absl::Status status =
      ParseResourceMetadata(body, kResource, voice, rules).status();
  return status.ok() ? "good" : MetadataOf(status, "problem");
}

TEST(ProtectedResourceTest, LooksAtItsOwnPlaceAndThenAtItsHosts) {
  EXPECT_THAT(
      *ResourceMetadataUrls(kResource),
      ElementsAre(
          "https://mcp.example/.well-known/oauth-protected-resource/t1/mcp",
          "https://mcp.example/.well-known/oauth-protected-resource"));
  EXPECT_THAT(
      *ResourceMetadataUrls("https://mcp.example"),
      ElementsAre("https://mcp.example/.well-known/oauth-protected-resource"));
  EXPECT_EQ(ReasonOf(ResourceMetadataUrls("mcp.example").status()),
            "FIELD_INVALID");
}

TEST(ProtectedResourceTest, ReadsADocument) {
  auto metadata = ParseResourceMetadata(
      Document(kResource, R"("https://a.example","https://b.example/x")"),
      kResource, ResourceVoice::kResource, {});
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->resource, kResource);
  EXPECT_THAT(metadata->authorization_servers,
              ElementsAre("https://a.example", "https://b.example/x"));
}

TEST(ProtectedResourceTest, LetsAHostNameWhatTheResourceIsAPartOf) {
  for (const char* above :
       {kResource, "https://mcp.example", "https://mcp.example/",
        "https://mcp.example/t1", "https://mcp.example/t1/"}) {
    EXPECT_EQ(Problem(Document(above)), "good") << above;
  }
  for (const char* other :
       {"https://mcp.example/t2", "https://mcp.example/t",
        "https://evil.example", "https://mcp.example/t1/mcp/more",
        "http://mcp.example/t1/mcp", "https://mcp.example:8443/t1/mcp",
        "https://mcp.example/t1?x=1", ""}) {
    EXPECT_EQ(Problem(Document(other)), "resource_mismatch") << other;
  }
}

TEST(ProtectedResourceTest, LetsAResourceSpeakForItselfAlone) {
  EXPECT_EQ(Problem(Document(kResource), ResourceVoice::kResource), "good");
  EXPECT_EQ(Problem(Document("https://mcp.example"), ResourceVoice::kResource),
            "resource_mismatch");
}

TEST(ProtectedResourceTest, RefusesServersThatItCannotTrust) {
  EXPECT_EQ(Problem(Document(kResource, "")), "no_authorization_server");
  EXPECT_EQ(Problem(Document(kResource, "7")), "no_authorization_server");
  EXPECT_EQ(Problem(Document(kResource, "\"http://as.example\"")), "not_https");
  EXPECT_EQ(Problem(Document(kResource, "\"as.example\"")), "not_https");
  MetadataRules development;
  development.allow_http_loopback = true;
  EXPECT_EQ(Problem(Document(kResource, "\"http://127.0.0.1:1\""),
                    ResourceVoice::kHost, development),
            "good");
  EXPECT_EQ(Problem("<html>"), "not_json");
}

TEST(ProtectedResourceTest, FindsItsDocumentInAChallenge) {
  EXPECT_EQ(ResourceMetadataIn(
                R"(Bearer realm="x", Resource_Metadata = "https://a/b")"),
            "https://a/b");
  EXPECT_EQ(ResourceMetadataIn(R"(Bearer resource_metadata="https://a/b")"),
            "https://a/b");
  EXPECT_THAT(ResourceMetadataIn(R"(Bearer no_resource_metadata="https://a")"),
              IsEmpty());
  for (const char* none :
       {"", "Bearer", "Bearer resource_metadata",
        "Bearer resource_metadata=", R"(Bearer resource_metadata="https://a)",
        "Bearer resource_metadata=https://a"}) {
    EXPECT_THAT(ResourceMetadataIn(none), IsEmpty()) << none;
  }
}

TEST(ProtectedResourceTest, AsksTheResourceWhereItsDocumentIs) {
  FakeHttpClient http;
  http.AnswerJson(404, "{}");
  http.AnswerJson(404, "{}");
  HttpResponse refusal = FakeHttpClient::Response(401, "text/plain", "");
  refusal.headers.emplace_back("WWW-Authenticate", "Basic realm=\"x\"");
  refusal.headers.emplace_back(
      "WWW-Authenticate",
      R"(Bearer resource_metadata="https://elsewhere.example/m")");
  http.Answer(std::move(refusal));
  http.AnswerJson(200, Document(kResource));
  ResourceDiscovery discovery(http);
  auto metadata = discovery.Get(kResource, {}, kNow);
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  ASSERT_EQ(http.requests().size(), 4);
  EXPECT_EQ(http.requests()[2].url, kResource);
  EXPECT_TRUE(http.requests()[2].authorization.empty());
  EXPECT_EQ(http.requests()[3].url, "https://elsewhere.example/m");
  // And remembers it.
  EXPECT_TRUE(discovery.Get(kResource, {}, kNow + absl::Minutes(59)).ok());
  EXPECT_EQ(http.requests().size(), 4);
}

TEST(ProtectedResourceTest, SaysThatThereIsNoDocument) {
  FakeHttpClient http;
  for (int i = 0; i < 3; ++i) http.AnswerJson(404, "{}");
  absl::Status status =
      ResourceDiscovery(http).Get(kResource, {}, kNow).status();
  EXPECT_EQ(ReasonOf(status), "PROVIDER_ANSWER_INVALID");
  EXPECT_EQ(MetadataOf(status, "problem"), "no_resource_metadata");
}

}  // namespace
}  // namespace tokenvault
