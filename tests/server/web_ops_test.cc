#include "server/web_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "tests/support/test_vault.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WebOpsTest : public ::testing::Test {
 protected:
  ~WebOpsTest() override { vault_.Finish(); }

  WebResponse Get(
      const std::string& path, const std::string& peer = "127.0.0.1",
      std::vector<std::pair<std::string, std::string>> headers = {}) {
    WebRequest request;
    request.method = "GET";
    request.path = path;
    request.remote_address = peer;
    request.headers = std::move(headers);
    auto promise = std::make_shared<std::promise<WebResponse>>();
    ops_.Handle(std::move(request), [promise](WebResponse response) {
      promise->set_value(std::move(response));
    });
    return promise->get_future().get();
  }

  TestVault vault_;
  Metrics metrics_;
  std::vector<bool> told_;
  Readiness readiness_{vault_.clock, *vault_.store, *vault_.seal,
                       vault_.folder.path(),
                       [this](bool ready) { told_.push_back(ready); }};
  Notifier notifier_{vault_.clock,
                     *vault_.store,
                     *vault_.holder,
                     *vault_.interactions,
                     vault_.http,
                     {},
                     {},
                     nullptr};
  WebOps ops_{*vault_.holder, readiness_, *vault_.store, *vault_.refresher,
              *vault_.stops,  notifier_,  metrics_,      *vault_.pool};
};

TEST_F(WebOpsTest, LivesAndIsReady) {
  EXPECT_EQ(Get("/livez").status, 200);
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_THAT(told_, ElementsAre(true));
}

TEST_F(WebOpsTest, IsNotReadyWhileTheDiskTakesNothing) {
  vault_.store->FailCommits(errors::StorageFull());
  readiness_.Check();
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/livez").status, 200);
  vault_.store->FailCommits(absl::OkStatus());
  readiness_.Check();
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_THAT(told_, ElementsAre(true, false, true));
}

TEST_F(WebOpsTest, SweepsWhatExpired) {
  WebSession session;
  session.id_hash = std::string(32, 'a');
  session.tenant = TenantId("acme");
  session.create_time = session.auth_time = vault_.clock.Now();
  session.idle_expire_time = session.expire_time =
      vault_.clock.Now() + absl::Minutes(1);
  WriteBatch batch;
  batch.Insert(session);
  ASSERT_TRUE(vault_.store->Commit(std::move(batch)).ok());
  vault_.clock.Advance(Readiness::kSweepInterval);
  readiness_.Check();
  EXPECT_EQ(ReasonOf(vault_.store->GetSession(session.id_hash).status()),
            "NOT_FOUND");
}

TEST_F(WebOpsTest, ShowsMetricsToThisHostOnly) {
  vault_.Connect("acme", "ana", "calendar-bot", "calendar", {"s"});
  for (const char* peer : {"127.0.0.1", "::1", "unix"}) {
    WebResponse response = Get("/metrics", peer);
    EXPECT_EQ(response.status, 200) << peer;
    EXPECT_THAT(response.body,
                HasSubstr("tokenvault_connections{state=\"active\"} 1"));
    EXPECT_THAT(response.body, HasSubstr("tokenvault_key_generation 1"));
  }
  EXPECT_EQ(Get("/metrics", "192.0.2.1").status, 404);
  EXPECT_EQ(
      Get("/metrics", "127.0.0.1", {{"X-Forwarded-For", "192.0.2.1"}}).status,
      404);
}

TEST_F(WebOpsTest, MeasuresEveryProvider) {
  const std::string text = Get("/metrics").body;
  for (const char* provider : {"calendar", "files"}) {
    EXPECT_THAT(text, HasSubstr(std::string("tokenvault_provider_in_doubt{"
                                            "provider=\"") +
                                provider + "\"} 0"));
  }
}

TEST_F(WebOpsTest, NamesTheIssuersItBelieves) {
  auto next = DirectoryForTests();
  WorkloadIssuer issuer;
  issuer.issuer = "https://tokens.ci.test";
  next->workload_issuers.emplace(issuer.issuer, issuer);
  vault_.Reconfigure(next);
  WebResponse response = Get("/.well-known/oauth-protected-resource");
  EXPECT_EQ(response.status, 200);
  auto document = nlohmann::json::parse(response.body);
  EXPECT_EQ(document["resource"], "https://connect.test");
  EXPECT_THAT(document["authorization_servers"],
              ElementsAre("https://idp.acme.test", "https://idp.globex.test",
                          "https://tokens.ci.test"));
  EXPECT_THAT(document["bearer_methods_supported"], ElementsAre("header"));
  EXPECT_FALSE(document.contains("scopes_supported"));
}

TEST_F(WebOpsTest, ReadsOnly) {
  WebRequest request;
  request.method = "POST";
  request.path = "/livez";
  int status = 0;
  ops_.Handle(std::move(request),
              [&](WebResponse response) { status = response.status; });
  EXPECT_EQ(status, 405);
  request.method = "HEAD";
  request.path = "/livez";
  ops_.Handle(std::move(request),
              [&](WebResponse response) { status = response.status; });
  EXPECT_EQ(status, 200);
}

TEST_F(WebOpsTest, SaysWhoTheVaultIsToServersThatReadItsDocument) {
  // Nobody is told the callbacks of providers that have a client of their own.
  EXPECT_EQ(Get("/.well-known/oauth-client.json").status, 404);
  Directory next = *vault_.directory();
  next.providers.at(ProviderId("calendar")).client_is_document = true;
  vault_.holder->Swap(std::make_shared<const Directory>(next));
  const WebResponse response =
      Get("/.well-known/oauth-client.json", "203.0.113.9");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  const auto document = nlohmann::json::parse(response.body);
  EXPECT_EQ(document["client_id"],
            next.public_url + "/.well-known/oauth-client.json");
  EXPECT_EQ(document["token_endpoint_auth_method"], "none");
  const std::vector<std::string> uris = document["redirect_uris"];
  EXPECT_EQ(uris.size(), next.tenants.size());
  for (const std::string& uri : uris) {
    EXPECT_THAT(uri, HasSubstr(next.public_url + "/cb/"));
    EXPECT_THAT(uri, HasSubstr(".calendar"));
  }
}

}  // namespace
}  // namespace tokenvault
