#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/preset_catalogue.h"
#include "tests/vault/vault_world.h"

// Presets as they are compiled in, with answers as their providers give them,
// all the way to a token.
namespace tokenvault {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

class PresetsInUseTest : public ::testing::Test {
 protected:
  // Makes "calendar" that provider, connected with `granted`.
  void Use(const std::string& preset, const ScopeSet& granted,
           const std::string& more = "") {
    ProviderConfig config;
    config.file = "vault.toml";
    config.toml = absl::StrCat("[[providers]]\nid = \"calendar\"\npreset = \"",
                               preset, "\"\nclient_id = \"c-1\"\n", more);
    config.client_secret = std::make_shared<const Secret>(Secret::Copy("s"));
    auto provider = PresetCatalogue::BuiltIn().Make(config);
    ASSERT_TRUE(provider.ok()) << provider.status();
    world_.Change([&](Directory& next) {
      next.providers[ProviderId("calendar")] = *provider;
    });
    connection_ = world_.Row(connection_);
    connection_.granted_scopes = granted;
    world_.Put(connection_);
  }

  absl::StatusOr<Refresher::Fetched> Fetch(const ScopeSet& scopes,
                                           const std::string& resource = "") {
    const auto directory = world_.directory();
    return world_.refresher->Fetch(
        *directory, *directory->FindProvider(ProviderId("calendar")),
        world_.Row(connection_), {scopes, resource, {}});
  }
  std::string StoredToken() {
    return world_.RefreshTokenOf(world_.Row(connection_));
  }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
};

TEST_F(PresetsInUseTest, NarrowATokenOfAGithubApp) {
  Use("github-app", {"issues:read", "contents:read"});
  world_.http.AnswerJson(200, R"({"access_token":"ghu_wide","expires_in":28800,
      "refresh_token":"ghr_2","refresh_token_expires_in":15811200,"scope":"",
      "token_type":"bearer"})");
  world_.http.AnswerJson(200, R"({"token":"ghu_narrow","installation":
      {"permissions":{"metadata":"read","issues":"read"}}})");
  auto fetched = Fetch({"issues:read"}, "https://github.com/acme/hello");
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "ghu_narrow");
  EXPECT_EQ(fetched->token->scopes, ScopeSet({"issues:read"}));
  EXPECT_EQ(fetched->enforcement, ScopeEnforcement::kProvider);
  EXPECT_EQ(StoredToken(), "ghr_2");
  EXPECT_EQ(world_.Row(connection_).granted_scopes,
            ScopeSet({"issues:read", "contents:read"}));
}

TEST_F(PresetsInUseTest, SpendNoRefreshOnATokenThatCannotBeNarrowed) {
  Use("github-app", {"issues:read"});
  EXPECT_EQ(ReasonOf(Fetch({"issues:read"}).status()), "FIELD_INVALID");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_EQ(StoredToken(), "rt-1");
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kNone);
}

TEST_F(PresetsInUseTest, RefuseAGithubTokenThatCanDoMore) {
  Use("github-app", {"issues:read"});
  world_.http.AnswerJson(
      200, R"({"access_token":"ghu_wide","refresh_token":"ghr_2"})");
  world_.http.AnswerJson(200, R"({"token":"ghu_narrow","installation":
      {"permissions":{"metadata":"read","issues":"write"}}})");
  EXPECT_EQ(
      ReasonOf(Fetch({"issues:read"}, "https://github.com/acme").status()),
      "SCOPE_NOT_NARROWABLE");
}

TEST_F(PresetsInUseTest, AskSalesforceHowLongAndWhere) {
  Use("salesforce", {"api"});
  connection_ = world_.Row(connection_);
  connection_.endpoint_hints = {
      {"instance_url", "https://acme.my.salesforce.com"}};
  world_.Put(connection_);
  world_.http.AnswerJson(200, R"({"access_token":"00D!1","scope":"api",
      "instance_url":"https://acme.my.salesforce.com","token_type":"Bearer",
      "issued_at":"1800000000000"})");
  world_.http.AnswerJson(
      200,
      absl::StrCat(R"({"active":true,"exp":)",
                   absl::ToUnixSeconds(world_.clock.Now() + absl::Minutes(30)),
                   "}"));
  auto fetched = Fetch({"api"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  ASSERT_THAT(world_.http.requests(), SizeIs(2));
  EXPECT_EQ(world_.http.requests()[0].url,
            "https://acme.my.salesforce.com/services/oauth2/token");
  EXPECT_EQ(world_.http.requests()[1].url,
            "https://acme.my.salesforce.com/services/oauth2/introspect");
  EXPECT_EQ(fetched->token->lifetime, absl::Minutes(29));
  EXPECT_THAT(fetched->token->endpoint_hints,
              Contains(Pair("instance_url", "https://acme.my.salesforce.com")));
}

TEST_F(PresetsInUseTest, TakeABoxTokenOnlyForWhatItIs) {
  Use("box", {"item_preview", "item_download"});
  const std::string folder = "https://api.box.com/2.0/folders/123";
  const char* const kWide = R"({"access_token":"wide","expires_in":4169,
      "refresh_token":"rt-2","token_type":"bearer","restricted_to":[]})";
  world_.http.AnswerJson(200, kWide);
  world_.http.AnswerJson(200, R"({"access_token":"narrow","expires_in":4169,
      "restricted_to":[{"scope":"item_preview","object":{"type":"folder",
      "id":"123"}}]})");
  auto fetched = Fetch({"item_preview"}, folder);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "narrow");
  EXPECT_EQ(fetched->token->scopes, ScopeSet({"item_preview"}));
  EXPECT_THAT(world_.http.requests()[1].body,
              HasSubstr("resource=https%3A%2F%2Fapi.box.com%2F2.0%2Ffolders"));
  world_.http.AnswerJson(200, kWide);
  world_.http.AnswerJson(200, kWide);
  EXPECT_EQ(MetadataOf(Fetch({"item_preview"}, folder).status(), "problem"),
            "not_narrowed");
}

TEST_F(PresetsInUseTest, KeepThePersonsTokenOfSlack) {
  Use("slack", {"chat:write"});
  world_.http.AnswerJson(200, R"({"ok":true,"access_token":"xoxe.xoxp-2",
      "expires_in":43200,"refresh_token":"xoxe-2","token_type":"user",
      "scope":"chat:write"})");
  auto fetched = Fetch({"chat:write"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(StoredToken(), "xoxe-2");
  EXPECT_THAT(world_.http.requests()[0].authorization, StartsWith("Basic "));
  world_.http.AnswerJson(200, R"({"ok":false,"error":"token_revoked"})");
  EXPECT_EQ(ReasonOf(Fetch({"chat:write"}).status()), "GRANT_GONE");
}

TEST_F(PresetsInUseTest, ExchangeAFacebookTokenForItself) {
  Use("facebook", {"email"}, "vars.version = \"v23.0\"\nenabled = true\n");
  world_.Change([](Directory& next) { next.tokens.allow_long_lived = true; });
  world_.http.AnswerJson(200, R"({"access_token":"EAA2","token_type":"bearer",
      "expires_in":5183944})");
  auto fetched = Fetch({"email"});
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "EAA2");
  EXPECT_EQ(StoredToken(), "EAA2");
  EXPECT_THAT(world_.http.requests()[0].body,
              HasSubstr("fb_exchange_token=rt-1"));
}

}  // namespace
}  // namespace tokenvault
