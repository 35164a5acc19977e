#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "oauth/preset_catalogue.h"
#include "oauth/provider_words.h"

// What is compiled in, against a second list: a preset that took over a line of
// its neighbour shows here.
namespace tokenvault {
namespace {

using enum Rotation;

constexpr ClientAuth kBasic = ClientAuth::kBasic;
constexpr ClientAuth kPost = ClientAuth::kPost;

struct Expected {
  Tier tier;
  const char* token_url;
  const char* delimiter;
  ClientAuth auth;
  Rotation rotation;  // where tokens never expire: not looked at
  RevocationStyle revocation;
};

const std::map<std::string, Expected>& Table() {
  using enum Tier;
  constexpr RevocationStyle kNot = RevocationStyle::kNone;
  constexpr RevocationStyle kRfc = RevocationStyle::kRfc7009;
  constexpr RevocationStyle kCall = RevocationStyle::kTokenCall;
  constexpr RevocationStyle kDelete = RevocationStyle::kBasicDelete;
  static const auto* const kTable = new std::map<std::string, Expected>{
      {"google",
       {kP0, "https://oauth2.googleapis.com/token", " ", kPost, kNone, kRfc}},
      {"microsoft",
       {kP0,
        "https://login.microsoftonline.com/"
        "72f988bf-86f1-41af-91ab-2d7cd011db47/oauth2/v2.0/token",
        " ", kPost, kNewOldValid, kNot}},
      {"github-app",
       {kP0, "https://github.com/login/oauth/access_token", " ", kPost,
        kSingleUse, kDelete}},
      {"slack",
       {kP0, "https://slack.com/api/oauth.v2.access", ",", kBasic, kSingleUse,
        kCall}},
      {"atlassian",
       {kP0, "https://auth.atlassian.com/oauth/token", " ", kPost, kSingleUse,
        kRfc}},
      {"notion",
       {kP0, "https://api.notion.com/v1/oauth/token", " ", kBasic, kSingleUse,
        kRfc}},
      {"linear",
       {kP0, "https://api.linear.app/oauth/token", ",", kPost, kSingleUse,
        kRfc}},
      {"salesforce",
       {kP0, "https://login.salesforce.com/services/oauth2/token", " ", kPost,
        kSingleUse, kRfc}},
      {"hubspot",
       {kP0, "https://api.hubapi.com/oauth/v1/token", " ", kPost, kNewOldValid,
        RevocationStyle::kPath}},
      {"gitlab",
       {kP0, "https://gitlab.com/oauth/token", " ", kPost, kSingleUse, kRfc}},
      {"dropbox",
       {kP0, "https://api.dropboxapi.com/oauth2/token", " ", kPost, kNone,
        kCall}},
      {"box",
       {kP1, "https://api.box.com/oauth2/token", " ", kPost, kSingleUse, kRfc}},
      {"asana",
       {kP1, "https://app.asana.com/-/oauth_token", " ", kPost, kSingleUse,
        kRfc}},
      {"zoom",
       {kP1, "https://zoom.us/oauth/token", " ", kBasic, kSingleUse, kRfc}},
      {"airtable",
       {kP1, "https://airtable.com/oauth2/v1/token", " ", kBasic, kSingleUse,
        kNot}},
      {"zendesk",
       {kP1, "https://acme.zendesk.com/oauth/tokens", " ", kPost, kSingleUse,
        kNot}},
      {"xero",
       {kP1, "https://identity.xero.com/connect/token", " ", kBasic, kSingleUse,
        kRfc}},
      {"quickbooks",
       {kP1, "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", " ",
        kBasic, kSingleUse, kRfc}},
      {"docusign",
       {kP1, "https://account.docusign.com/oauth/token", " ", kBasic,
        kSingleUse, kNot}},
      {"shopify",
       {kP1, "https://acme-store.myshopify.com/admin/oauth/access_token", ",",
        kPost, kSingleUse, kNot}},
      {"x",
       {kP1, "https://api.x.com/2/oauth2/token", " ", kBasic, kSingleUse,
        kRfc}},
      {"calendly",
       {kP1, "https://auth.calendly.com/oauth/token", " ", kPost, kSingleUse,
        kRfc}},
      {"figma",
       {kP1, "https://api.figma.com/v1/oauth/token", ",", kBasic, kNone, kNot}},
      {"bitbucket",
       {kP1, "https://bitbucket.org/site/oauth2/access_token", " ", kBasic,
        kSingleUse, kNot}},
      {"pipedrive",
       {kP1, "https://oauth.pipedrive.com/oauth/token", " ", kBasic, kSingleUse,
        kRfc}},
      {"zoho",
       {kP1, "https://accounts.zoho.eu/oauth/v2/token", ",", kPost, kNone,
        kRfc}},
      {"miro",
       {kP1, "https://api.miro.com/v1/oauth/token", " ", kPost, kSingleUse,
        kRfc}},
      {"canva",
       {kP1, "https://api.canva.com/rest/v1/oauth/token", " ", kBasic,
        kSingleUse, kRfc}},
      {"discord",
       {kP1, "https://discord.com/api/oauth2/token", " ", kBasic, kSingleUse,
        kRfc}},
      {"spotify",
       {kP1, "https://accounts.spotify.com/api/token", " ", kBasic, kNone,
        kNot}},
      {"reddit",
       {kP1, "https://www.reddit.com/api/v1/access_token", " ", kBasic,
        kSingleUse, kRfc}},
      {"servicenow",
       {kP1, "https://acme.service-now.com/oauth_token.do", " ", kPost,
        kSingleUse, kRfc}},
      {"snowflake",
       {kP1, "https://acme-prod1.snowflakecomputing.com/oauth/token-request",
        " ", kBasic, kSingleUse, kNot}},
      {"okta", {kP1, "", " ", kBasic, kSingleUse, kNot}},
      {"auth0", {kP1, "", " ", kPost, kSingleUse, kNot}},
      {"webex",
       {kP1, "https://webexapis.com/v1/access_token", " ", kPost, kSingleUse,
        kNot}},
      {"todoist",
       {kP1, "https://todoist.com/oauth/access_token", ",", kPost, kSingleUse,
        kNot}},
      {"github-oauth",
       {kP2, "https://github.com/login/oauth/access_token", " ", kPost, kNone,
        kDelete}},
      {"monday",
       {kP2, "https://auth.monday.com/oauth2/token", " ", kPost, kNone, kNot}},
      {"clickup",
       {kP2, "https://api.clickup.com/api/v2/oauth/token", " ", kPost, kNone,
        kNot}},
      {"intercom",
       {kP2, "https://api.intercom.io/auth/eagle/token", " ", kPost, kNone,
        kNot}},
      {"mailchimp",
       {kP2, "https://login.mailchimp.com/oauth2/token", " ", kPost, kNone,
        kNot}},
      {"stripe-connect",
       {kP2, "https://connect.stripe.com/oauth/token", " ", kPost, kNone,
        kNot}},
      {"linkedin",
       {kP2, "https://www.linkedin.com/oauth/v2/accessToken", " ", kPost, kNone,
        kNot}},
      {"facebook",
       {kP2, "https://graph.facebook.com/v23.0/oauth/access_token", ",", kPost,
        kNewOldValid, kNot}},
      {"instagram",
       {kP2, "https://api.instagram.com/oauth/access_token", ",", kPost,
        kNewOldValid, kNot}},
      {"twitch",
       {kP2, "https://id.twitch.tv/oauth2/token", " ", kPost, kSingleUse,
        kRfc}},
      {"strava",
       {kP2, "https://www.strava.com/api/v3/oauth/token", ",", kPost,
        kSingleUse, kCall}},
      {"pagerduty",
       {kP2, "https://app.pagerduty.com/oauth/token", " ", kPost, kSingleUse,
        kNot}},
      {"generic-oauth2", {kP0, "https://own/t", " ", kBasic, kSingleUse, kNot}},
      {"oidc", {kP0, "", " ", kBasic, kSingleUse, kNot}},
      {"demo", {kP0, "", " ", kBasic, kSingleUse, kNot}},
      {"mcp", {kP0, "", " ", ClientAuth::kNone, kSingleUse, kNot}},
  };
  return *kTable;
}

Provider Make(const PresetInfo& preset) {
  std::string toml = absl::StrCat("[[providers]]\nid = \"p\"\npreset = \"",
                                  preset.name, "\"\nclient_id = \"c\"\n");
  for (const PresetVariable& var : preset.vars) {
    absl::StrAppend(&toml, "vars.", var.name, " = \"", var.example, "\"\n");
  }
  if (preset.name == "generic-oauth2") {
    toml +=
        "authorize_url = \"https://own/a\"\ntoken_url = \"https://own/t\"\n";
  }
  if (preset.name == "oidc" || preset.name == "demo") {
    toml += "issuer = \"https://own\"\n";
  }
  if (preset.name == "mcp") {
    toml += "protected_resource = \"https://own/mcp\"\n";
  }
  ProviderConfig config;
  config.toml = toml;
  config.client_secret = std::make_shared<const Secret>(Secret::Copy("s"));
  auto provider = PresetCatalogue::BuiltIn().Make(config);
  EXPECT_TRUE(provider.ok()) << preset.name << provider.status();
  return provider.ok() ? *std::move(provider) : Provider();
}

TEST(PresetsTest, SayWhatTheSecondListSays) {
  const std::vector<PresetInfo> presets = PresetCatalogue::BuiltIn().List();
  EXPECT_EQ(presets.size(), Table().size());
  for (const PresetInfo& preset : presets) {
    SCOPED_TRACE(preset.name);
    auto it = Table().find(preset.name);
    ASSERT_NE(it, Table().end());
    const Expected& expected = it->second;
    const Provider provider = Make(preset);
    EXPECT_EQ(provider.tier, expected.tier);
    EXPECT_EQ(provider.token_url, expected.token_url);
    EXPECT_EQ(provider.scope_delimiter, expected.delimiter);
    EXPECT_EQ(provider.client_auth, expected.auth);
    EXPECT_EQ(provider.revocation_style, expected.revocation);
    if (provider.expires_source != ExpirySource::kNever) {
      EXPECT_EQ(provider.rotation, expected.rotation);
    }
  }
}

TEST(PresetsTest, HaveTokensThatNeverExpireOnlyWhereTheyAreOff) {
  int never = 0;
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    const Provider provider = Make(preset);
    if (provider.expires_source != ExpirySource::kNever) continue;
    ++never;
    EXPECT_FALSE(provider.enabled) << preset.name;
  }
  EXPECT_EQ(never, 6);
}

TEST(PresetsTest, NarrowWhereTheProviderCan) {
  std::map<std::string, std::string> narrowing;
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    if (preset.sample.narrowing == Narrowing::kNone) continue;
    narrowing[preset.name] =
        std::string(NarrowingName(preset.sample.narrowing));
  }
  EXPECT_EQ(narrowing, (std::map<std::string, std::string>{
                           {"box", "token_exchange"},
                           {"demo", "refresh_scope"},
                           {"dropbox", "refresh_scope"},
                           {"github-app", "token_exchange"},
                           {"google", "refresh_scope"},
                           {"microsoft", "refresh_scope"}}));
}

// An alias that is another one's value would let a policy mean two things.
TEST(PresetsTest, NameEveryScopeOnce) {
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    for (const ScopeInfo& scope : preset.sample.scopes) {
      EXPECT_EQ(preset.sample.FindScope(scope.alias)->value, scope.value)
          << preset.name << " " << scope.alias;
    }
  }
}

TEST(PresetsTest, SendNobodyAnywhereElse) {
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    const Provider& sample = preset.sample;
    for (const std::string& url :
         {sample.authorize_url, sample.token_url, sample.refresh_url,
          sample.exchange_url, sample.introspect_url, sample.revocation_url,
          sample.revocation_manual_url, sample.account_url}) {
      EXPECT_TRUE(url.empty() || absl::StartsWith(url, "https://")) << url;
    }
  }
}

}  // namespace
}  // namespace tokenvault
