#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/discovery.h"
#include "oauth/url.h"
#include "server/demo/clients.h"
#include "server/web_server.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DemoMcpTest : public DemoTest {
 protected:
  DemoMcpTest() {
    Use("demo-mcp");
    resource_ = absl::StrCat(Issuer(), "/calendar");
  }
  Parameters Request() const {
    return With(With(GoodRequest(), "resource", resource_), "scope",
                "calendar.read calendar.write offline_access");
  }
  Answer Redeem(const std::string& code, const Parameters& more) {
    Parameters form = Redemption(code);
    form.insert(form.end(), more.begin(), more.end());
    return Post("/token", form, DemoBasic());
  }
  json Document(const std::string& url) {
    HttpRequest request;
    request.url = url;
    return Send(std::move(request)).Json();
  }

  std::string resource_;
};

// The way of a client that knows nothing but the resource.
TEST_F(DemoMcpTest, LeadsFromA401ToTheAuthorizationServer) {
  const Answer refused = Get("/calendar/events");
  EXPECT_EQ(refused.status, 401);
  const std::string challenge = refused.raw.Header("WWW-Authenticate");
  EXPECT_THAT(challenge, HasSubstr("scope=\"calendar.read\""));
  const std::string url =
      absl::StrCat(provider_->base_url(),
                   "/.well-known/oauth-protected-resource/demo-mcp/calendar");
  EXPECT_THAT(challenge,
              HasSubstr(absl::StrCat("resource_metadata=\"", url, "\"")));

  const json resource = Document(url);
  EXPECT_EQ(resource["resource"], resource_);
  EXPECT_EQ(resource["authorization_servers"], json::array({Issuer()}));

  DiscoveryCache discovery(http_);
  MetadataRules rules;
  rules.allow_http_loopback = true;
  auto metadata = discovery.Get(Issuer(), rules, clock_.Now());
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->token_endpoint, absl::StrCat(Issuer(), "/token"));
  EXPECT_EQ(
      Document(absl::StrCat(provider_->base_url(),
                            "/.well-known/oauth-authorization-server/demo-mcp"))
          ["client_id_metadata_document_supported"],
      true);
}

TEST_F(DemoMcpTest, IsNoOpenIdProvider) {
  EXPECT_EQ(Get("/.well-known/openid-configuration").status, 404);
  EXPECT_EQ(Get("/jwks").status, 404);
}

TEST_F(DemoMcpTest, WantsTheResourceWithEveryRequest) {
  for (const auto& wrong :
       {std::optional<std::string>(), std::optional<std::string>(Issuer())}) {
    EXPECT_EQ(Back(Get(absl::StrCat("/authorize?",
                                    Form(With(Request(), "resource", wrong)))))
                  .second["error"],
              "invalid_target");
  }
  const std::string code = CodeFor("ana", Request());
  EXPECT_EQ(Redeem(code, {}).Error(), "invalid_target");
  const json tokens = Redeem(code, {{"resource", resource_}}).Json();
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
  const Parameters refresh = {{"grant_type", "refresh_token"},
                              {"refresh_token", tokens["refresh_token"]}};
  EXPECT_EQ(Post("/token", refresh, DemoBasic()).Error(), "invalid_target");
  EXPECT_EQ(
      Post("/token", With(refresh, "resource", resource_), DemoBasic()).status,
      200);
}

TEST_F(DemoMcpTest, SaysWhichScopeATokenLacks) {
  const std::string code =
      CodeFor("ana", With(Request(), "scope", "calendar.write"));
  const json tokens = Redeem(code, {{"resource", resource_}}).Json();
  const Answer refused =
      Get("/calendar/events",
          absl::StrCat("Bearer ", std::string(tokens["access_token"])));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.raw.Header("WWW-Authenticate"),
              AllOf(HasSubstr("error=\"insufficient_scope\""),
                    HasSubstr("scope=\"calendar.read\""),
                    HasSubstr("resource_metadata=")));
}

// ------------------------------------------- clients that are a document --

// A web server with one page: the client's document.
class DemoClientDocumentTest : public DemoMcpTest {
 protected:
  DemoClientDocumentTest() {
    WebServer::Options options;
    options.listen = "127.0.0.1:0";
    options.allowed_hosts = {"127.0.0.1"};
    options.threads = 1;
    auto server = WebServer::Start(
        std::move(options), [this](WebRequest request, WebRespond respond) {
          WebResponse response;
          response.content_type = "application/json";
          response.body = request.path == "/client.json" ? document_ : "";
          respond(std::move(response));
        });
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    url_ = absl::StrCat("http://", server_->address(), "/client.json");
    document_ = json{
        {"client_id", url_},
        {"client_name", "Somebody's <agent>"},
        {"redirect_uris", {"http://127.0.0.1:9/back"}},
        {"token_endpoint_auth_method",
         "none"}}.dump();
  }
  Parameters DocumentRequest() const {
    return With(With(Request(), "client_id", url_), "redirect_uri",
                "http://127.0.0.1:9/back");
  }

  std::string document_;
  std::unique_ptr<WebServer> server_;
  std::string url_;
};

TEST_F(DemoClientDocumentTest, NeedsNoRegistrationAndNoSecret) {
  const Flow flow = Begin(DocumentRequest());
  const Answer page = Press(flow, "person", "ana");
  EXPECT_THAT(page.body, HasSubstr("Allow Somebody&#39;s &lt;agent&gt; "
                                   "(http://127.0.0.1:"));
  auto [where, parameters] = Back(Press(flow, "decision", "allow"));
  EXPECT_EQ(where, "http://127.0.0.1:9/back");
  EXPECT_EQ(parameters["iss"], Issuer());
  const Parameters form = {
      {"grant_type", "authorization_code"},
      {"code", parameters["code"]},
      {"redirect_uri", "http://127.0.0.1:9/back"},
      {"code_verifier", std::string(pkce_.verifier.Reveal())},
      {"resource", resource_},
      {"client_id", url_}};
  const json tokens = Post("/token", form).Json();
  ASSERT_TRUE(tokens.contains("access_token")) << tokens;
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
}

TEST_F(DemoClientDocumentTest, RefusesADocumentThatIsNotItsOwn) {
  const json good = json::parse(document_);
  for (const auto& [name, value] : std::map<std::string, json>{
           {"client_id", "http://127.0.0.1:9/other"},
           {"token_endpoint_auth_method", "client_secret_basic"},
           {"redirect_uris", "http://127.0.0.1:9/back"},
           {"redirect_uris", json::array()}}) {
    json changed = good;
    changed[name] = value;
    document_ = changed.dump();
    EXPECT_EQ(Get(absl::StrCat("/authorize?", Form(DocumentRequest()))).status,
              400)
        << name;
  }
}

TEST_F(DemoClientDocumentTest, IsTakenByThisPersonaAlone) {
  const Parameters request = With(DocumentRequest(), "resource", {});
  prefix_ = "/demo-box";
  EXPECT_THAT(Get(absl::StrCat("/authorize?", Form(request))).body,
              HasSubstr("No client of that name"));
}

TEST(DemoClientsTest, LooksForDocumentsOnThisMachineOnly) {
  for (const char* good : {"http://127.0.0.1:7480/client.json",
                           "http://localhost:1/x", "http://[::1]:1/x"}) {
    EXPECT_TRUE(DemoClients::IsDocumentUrl(good)) << good;
  }
  for (const char* bad : {"https://client.example/client.json",
                          "http://127.0.0.1:7480/", "http://127.0.0.2:1/x",
                          "http://127.0.0.1:1/x?y=1", "tokenvault-demo", ""}) {
    EXPECT_FALSE(DemoClients::IsDocumentUrl(bad)) << bad;
  }
}

}  // namespace
}  // namespace tokenvault
