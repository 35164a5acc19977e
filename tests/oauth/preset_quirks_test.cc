#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/callback_capture.h"
#include "oauth/oauth_client.h"
#include "oauth/preset_catalogue.h"
#include "tests/support/fake_http_client.h"

// What the compiled-in presets do about the ways of their providers, as far as
// no persona of the demo has them (tests/server/demo/presets_test.cc).
namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr char kTokens[] =
    R"({"access_token":"at-1","refresh_token":"rt-2","expires_in":1800})";

class PresetQuirksTest : public ::testing::Test {
 protected:
  static Provider Preset(const std::string& name,
                         const std::string& more = "") {
    ProviderConfig config;
    config.toml = absl::StrCat("[[providers]]\nid = \"p\"\npreset = \"", name,
                               "\"\nclient_id = \"c\"\n", more);
    config.client_secret =
        std::make_shared<const Secret>(Secret::Copy("hunter2"));
    auto provider = PresetCatalogue::BuiltIn().Make(config);
    EXPECT_TRUE(provider.ok()) << provider.status();
    return provider.ok() ? *std::move(provider) : Provider();
  }

  absl::StatusOr<TokenResponse> Refresh(const Provider& provider) {
    TokenCall call;
    call.redirect_uri = "https://vault.example/cb/default.p";
    return client_.Refresh(provider, Secret("rt-1"), {}, "", call);
  }
  // The reason of a refresh that was answered so.
  std::string ReasonFor(const Provider& provider, int status,
                        const std::string& body) {
    http_.AnswerJson(status, body);
    return ReasonOf(Refresh(provider).status());
  }

  FakeHttpClient http_;
  OAuthClient client_{http_};
};

TEST_F(PresetQuirksTest, RefreshFigmaAtItsOwnUrl) {
  http_.AnswerJson(200, R"({"access_token":"at-1","expires_in":7776000})");
  ASSERT_TRUE(Refresh(Preset("figma")).ok());
  EXPECT_EQ(http_.requests()[0].url, "https://api.figma.com/v1/oauth/refresh");
}

TEST_F(PresetQuirksTest, RefreshInstagramByGet) {
  http_.AnswerJson(200, R"({"access_token":"at-2","expires_in":5184000})");
  ASSERT_TRUE(Refresh(Preset("instagram", "enabled = true\n")).ok());
  const auto sent = http_.requests()[0];
  EXPECT_EQ(sent.method, "GET");
  EXPECT_THAT(sent.url,
              StartsWith("https://graph.instagram.com/refresh_access_token?"));
  EXPECT_THAT(sent.url, HasSubstr("access_token=rt-1"));
  EXPECT_EQ(sent.body, "");
}

TEST_F(PresetQuirksTest, RepeatTheRedirectUriToGitlab) {
  http_.AnswerJson(200, kTokens);
  ASSERT_TRUE(Refresh(Preset("gitlab")).ok());
  EXPECT_THAT(
      http_.requests()[0].body,
      HasSubstr("redirect_uri=https%3A%2F%2Fvault.example%2Fcb%2Fdefault.p"));
}

TEST_F(PresetQuirksTest, RevokeAtHubspotByThePath) {
  http_.Answer(FakeHttpClient::Response(204, "", ""));
  EXPECT_EQ(*client_.Revoke(Preset("hubspot"), Secret("rt-1"), "refresh_token"),
            RevocationOutcome::kRevoked);
  EXPECT_EQ(http_.requests()[0].method, "DELETE");
  EXPECT_EQ(http_.requests()[0].url,
            "https://api.hubapi.com/oauth/v1/refresh-tokens/rt-1");
}

TEST_F(PresetQuirksTest, KeepWhatQuickbooksSaysInTheCallback) {
  EXPECT_THAT(*CaptureCallback(Preset("quickbooks"),
                               {{"code", "x"}, {"realmId", "9130350"}}),
              ElementsAre(Pair("realmId", "9130350")));
}

TEST_F(PresetQuirksTest, StayInTheDataCentreOfZohoThatWasChosen) {
  const Provider zoho = Preset("zoho", "vars.dc = \"eu\"\n");
  EXPECT_TRUE(
      CaptureCallback(zoho, {{"accounts-server", "https://accounts.zoho.eu"}})
          .ok());
  EXPECT_EQ(MetadataOf(CaptureCallback(zoho, {{"accounts-server",
                                               "https://accounts.zoho.com"}})
                           .status(),
                       "check"),
            "callback_value");
}

// The vector is that of tests/oauth/callback_signature_test.cc.
TEST_F(PresetQuirksTest, BelieveShopifyOnlyWhatItSigned) {
  ProviderConfig config;
  config.toml =
      "[[providers]]\nid = \"p\"\npreset = \"shopify\"\nclient_id = \"c\"\n"
      "vars.shop = \"some-shop\"\n";
  config.client_secret = std::make_shared<const Secret>(Secret::Copy("hush"));
  auto shopify = PresetCatalogue::BuiltIn().Make(config);
  ASSERT_TRUE(shopify.ok()) << shopify.status();
  std::vector<std::pair<std::string, std::string>> query = {
      {"code", "0907a61c0c8d55e99db179b68161bc00"},
      {"shop", "some-shop.myshopify.com"},
      {"timestamp", "1337178173"}};
  EXPECT_EQ(MetadataOf(CaptureCallback(*shopify, query).status(), "check"),
            "hmac");
  query.emplace_back(
      "hmac",
      "4712bf92ffc2917d15a2f5a273e39f0116667419aa4b6ac0b3baaf26fa3c4d20");
  EXPECT_THAT(*CaptureCallback(*shopify, query),
              ElementsAre(Pair("shop", "some-shop.myshopify.com")));
}

TEST_F(PresetQuirksTest, TakeAtlassiansUnauthorizedClientForAGoneGrant) {
  const Provider atlassian = Preset("atlassian");
  for (int status : {400, 403}) {
    EXPECT_EQ(ReasonFor(atlassian, status,
                        R"({"error":"unauthorized_client",)"
                        R"("error_description":"refresh_token is invalid"})"),
              "GRANT_GONE");
  }
  EXPECT_EQ(ReasonFor(atlassian, 403, R"({"error":"invalid_grant"})"),
            "GRANT_GONE");
  EXPECT_EQ(ReasonFor(atlassian, 401, R"({"error":"invalid_client"})"),
            "PROVIDER_MISCONFIGURED");
  // Elsewhere it is our fault, and nobody is disconnected.
  EXPECT_EQ(
      ReasonFor(Preset("gitlab"), 400, R"({"error":"unauthorized_client"})"),
      "PROVIDER_MISCONFIGURED");
}

TEST_F(PresetQuirksTest, ReadHubspotsErrorsThatAreNotOAuths) {
  const Provider hubspot = Preset("hubspot");
  auto said = [](const char* status) {
    return absl::StrCat(R"({"status":")", status,
                        R"(","message":"…","correlationId":"1-2-3"})");
  };
  EXPECT_EQ(ReasonFor(hubspot, 400, said("BAD_REFRESH_TOKEN")), "GRANT_GONE");
  EXPECT_EQ(ReasonFor(hubspot, 400, said("BAD_CLIENT_SECRET")),
            "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(ReasonFor(hubspot, 400, said("SOMETHING_NEW")), "PROVIDER_REFUSED");
  http_.AnswerJson(200, kTokens);
  EXPECT_TRUE(Refresh(hubspot).ok());
}

// docs/providers.md, "Fields": what the vault may still do with a token that it
// used, and by when it must use one. Too long is a person who is asked again.
TEST_F(PresetQuirksTest, KnowHowLongRefreshTokensLast) {
  std::map<std::string, std::string> lasting;
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    const Provider& sample = preset.sample;
    if (sample.reuse_grace == absl::ZeroDuration() &&
        sample.refresh_inactivity == absl::ZeroDuration()) {
      continue;
    }
    lasting[preset.name] =
        absl::StrCat(absl::FormatDuration(sample.reuse_grace), " ",
                     absl::FormatDuration(sample.refresh_inactivity));
  }
  EXPECT_EQ(lasting,
            (std::map<std::string, std::string>{{"airtable", "0 1440h"},
                                                {"atlassian", "10m 2160h"},
                                                {"box", "0 1440h"},
                                                {"docusign", "0 720h"},
                                                {"facebook", "0 1440h"},
                                                {"github-app", "0 4320h"},
                                                {"google", "0 4320h"},
                                                {"instagram", "0 1440h"},
                                                {"microsoft", "0 2160h"},
                                                {"miro", "0 1440h"},
                                                {"okta", "30s 0"},
                                                {"quickbooks", "0 2400h"},
                                                {"x", "0 4320h"},
                                                {"xero", "30m 1440h"}}));
}

}  // namespace
}  // namespace tokenvault
