#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/oauth_client.h"
#include "oauth/revocation.h"
#include "oauth/url.h"
#include "server/config.h"
#include "server/demo/persona.h"
#include "tests/server/demo/demo_world.h"
#include "vault/provider_access.h"

namespace tokenvault {
namespace {

// The vault's own client, with the providers of server/demo.toml and so with
// their presets, against the personas of the same name.
class DemoPresetsTest : public DemoTest {
 protected:
  std::vector<Provider> ConfiguredProviders() {
    DemoAddresses addresses;
    addresses.admin_listen = "unix:/tmp/admin.sock";
    addresses.demo_provider_url = provider_->base_url();
    auto config = DemoConfig(addresses);
    EXPECT_TRUE(config.ok()) << config.status();
    std::vector<Provider> providers;
    if (!config.ok()) return providers;
    for (const auto& [id, provider] : config->directory->providers) {
      providers.push_back(provider);
      // Nobody serves our document here: tests/server/demo/mcp_test.cc does.
      if (provider.client_is_document) {
        Provider& registered = providers.back();
        registered.client_is_document = false;
        registered.client_id = kDemoClient;
        registered.client_secret =
            std::make_shared<const Secret>(Secret::Copy(kDemoSecret));
        registered.client_auth = ClientAuth::kBasic;
      }
    }
    return providers;
  }
  Provider WithEndpoints(Provider provider) {
    auto ready = access_.WithEndpoints(provider, /*dev_mode=*/true);
    EXPECT_TRUE(ready.ok()) << ready.status();
    return ready.ok() ? *std::move(ready) : std::move(provider);
  }
  // A scope that its preset knows, as the provider names it.
  static ScopeSet AnyScope(const Provider& provider) {
    const ScopeInfo* reading = provider.FindScope("calendar.read");
    return {reading != nullptr ? reading->value
                               : provider.scopes.front().value};
  }
  absl::StatusOr<TokenResponse> Connect(const Provider& provider) {
    Use(provider.id.value);
    if (provider.id.value == "demo") prefix_.clear();
    AuthorizationRequest request;
    request.scopes = AnyScope(provider).Union(provider.account_scopes);
    request.redirect_uri = kCallback;
    request.state = "s";
    request.code_challenge = pkce_.challenge;
    const std::string url = client_.AuthorizationUrl(provider, request);
    auto query = ParseQuery(url.substr(url.find('?') + 1));
    if (!query.ok()) return query.status();
    const std::string code =
        CodeFor("ana", *query, {{"allow.calendar.read", "yes"}});
    return client_.ExchangeCode(provider, Secret::Copy(code), pkce_.verifier,
                                kCallback);
  }
  int EventsStatus(const Secret& token) {
    return DemoTest::EventsStatus(std::string(token.Reveal()));
  }

  ProviderAccess access_{http_, clock_};
  OAuthClient client_{http_};
};

TEST_F(DemoPresetsTest, LeadFromConsentToRevocation) {
  for (const Provider& configured : ConfiguredProviders()) {
    SCOPED_TRACE(configured.id.value);
    const Provider provider = WithEndpoints(configured);
    auto tokens = Connect(provider);
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    ASSERT_FALSE(tokens->refresh_token.empty());
    EXPECT_EQ(EventsStatus(tokens->access_token), 200);

    auto account = client_.FetchAccount(provider, tokens->access_token);
    ASSERT_TRUE(account.ok()) << account.status();
    EXPECT_EQ(account->id, "ana");
    EXPECT_EQ(account->label, "ana@demo.test");

    auto refreshed =
        client_.Refresh(provider, tokens->refresh_token, AnyScope(provider));
    ASSERT_TRUE(refreshed.ok()) << refreshed.status();
    EXPECT_EQ(EventsStatus(refreshed->access_token), 200);

    const Secret& newest = refreshed->refresh_token.empty()
                               ? tokens->refresh_token
                               : refreshed->refresh_token;
    const bool by_access_token = RevokesByAccessToken(provider);
    auto revoked = client_.Revoke(
        provider, by_access_token ? refreshed->access_token : newest,
        by_access_token ? "access_token" : "refresh_token");
    ASSERT_TRUE(revoked.ok()) << revoked.status();
    EXPECT_EQ(*revoked, RevocationOutcome::kRevoked);
    EXPECT_EQ(EventsStatus(refreshed->access_token), 401);
    const nlohmann::json counters = Ledger()["personas"][provider.id.value];
    EXPECT_EQ(counters["families_revoked"], 1);
    EXPECT_EQ(counters["replays"], 0);
    EXPECT_EQ(ReasonOf(client_.Refresh(provider, newest).status()),
              "GRANT_GONE");
  }
}

TEST_F(DemoPresetsTest, TellAGoneGrantFromAWrongSecret) {
  for (const Provider& configured : ConfiguredProviders()) {
    SCOPED_TRACE(configured.id.value);
    const Provider provider = WithEndpoints(configured);
    auto tokens = Connect(provider);
    ASSERT_TRUE(tokens.ok()) << tokens.status();
    prefix_.clear();
    for (const auto& [fault, reason] :
         std::vector<std::pair<std::string, std::string>>{
             {"invalid_client", "PROVIDER_MISCONFIGURED"},
             {"revoked_upstream", "GRANT_GONE"}}) {
      Post("/faults", {{"persona", provider.id.value}, {"fault", fault}});
      EXPECT_EQ(
          ReasonOf(client_.Refresh(provider, tokens->refresh_token).status()),
          reason);
    }
  }
}

}  // namespace
}  // namespace tokenvault
