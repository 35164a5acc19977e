#include "server/json_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "tests/server/api_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGetToken[] = "/tokenvault.v1.TokenService/GetScopedToken";
constexpr char kBody[] =
    R"({"provider":"providers/calendar","subject":{"userId":"ana"},)"
    R"("scopes":["calendar.read"]})";

std::string HeaderOf(const WebResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

class JsonDoorTest : public ::testing::Test {
 protected:
  WebRequest Post(const std::string& path, const std::string& body,
                  const std::string& agent = "calendar-bot") {
    WebRequest request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers = {{"Content-Type", "application/json"}};
    if (!agent.empty()) {
      request.has_client_certificate = true;
      request.client_uris = {SpiffeIdOf(agent)};
    }
    return request;
  }
  WebResponse Send(WebRequest request) {
    auto promise = std::make_shared<std::promise<WebResponse>>();
    auto future = promise->get_future();
    door_.Handle(std::move(request), [promise](WebResponse response) {
      promise->set_value(std::move(response));
    });
    return future.get();
  }

  ApiWorld world_;
  JsonDoor door_{world_.vault.clock, *world_.vault.holder, world_.tokens,
                 world_.connections, world_.approvals};
};

TEST_F(JsonDoorTest, AnswersAsProtoJson) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  world_.vault.AnswerToken("at-1", "rt-2", ReadScope());
  WebResponse response = Send(Post(kGetToken, kBody));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "no-store");
  auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["token"]["accessToken"], "at-1");
  EXPECT_EQ(body["token"]["scopeEnforcement"], "SCOPE_ENFORCEMENT_PROVIDER");
}

TEST_F(JsonDoorTest, TellsErrorsAsConnectDoes) {
  WebResponse response = Send(Post(kGetToken, kBody, "mail-bot"));
  EXPECT_EQ(response.status, 403);
  auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["code"], "permission_denied");
  EXPECT_THAT(std::string(body["message"]), HasSubstr("mail-bot"));
  EXPECT_EQ(body["details"][0]["type"], "google.rpc.ErrorInfo");
  EXPECT_EQ(body["details"][0]["debug"]["reason"],
            "SUBJECT_ASSERTION_NOT_ALLOWED");
  EXPECT_THAT(std::string(body["details"][0]["value"]), Not(HasSubstr("=")));
}

TEST_F(JsonDoorTest, SaysWhereCredentialsComeFrom) {
  WebResponse response = Send(Post(kGetToken, kBody, ""));
  EXPECT_EQ(response.status, 401);
  const std::string where =
      "Bearer resource_metadata=\"https://connect.test/.well-known/"
      "oauth-protected-resource\"";
  EXPECT_EQ(HeaderOf(response, "WWW-Authenticate"), where);
  WebRequest stranger = Post(kGetToken, kBody, "");
  stranger.headers.emplace_back("Authorization", "Bearer nobody");
  response = Send(stranger);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(HeaderOf(response, "WWW-Authenticate"), where);
}

// A token must not make up for a certificate that names nobody, or two.
TEST_F(JsonDoorTest, TakesOneNameFromACertificateAsGrpcDoes) {
  auto next = DirectoryForTests();
  next->dev_mode = true;
  Agent& dev = next->agents.at(AgentId("calendar-bot"));
  const std::string name = dev.spiffe_id;
  dev.spiffe_id.clear();
  world_.vault.Reconfigure(next);
  WebRequest request = Post(kGetToken, kBody, "");
  request.headers.emplace_back("Authorization", "Bearer calendar-bot");
  EXPECT_EQ(Send(request).status, 200);
  request.has_client_certificate = true;
  WebResponse response = Send(request);
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.body, HasSubstr("no_uri_san"));
  request.client_uris = {name, "spiffe://example.com/agents/o ther"};
  response = Send(request);
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.body, HasSubstr("two_uri_sans"));
}

TEST_F(JsonDoorTest, TakesNoMoreHeadersThanGrpc) {
  WebRequest request = Post(kGetToken, kBody);
  request.headers.emplace_back("X", std::string(7 * 1024, 'x'));
  EXPECT_EQ(Send(request).status, 200);
  request.headers.emplace_back("Y", std::string(1024, 'y'));
  EXPECT_EQ(Send(request).status, 431);
}

TEST_F(JsonDoorTest, HasNoApprovalsForAnAgentThatRelaysNone) {
  for (const char* method :
       {"GetApproval", "ListApprovals", "DecideApproval"}) {
    WebResponse response = Send(
        Post(absl::StrCat("/tokenvault.v1.ApprovalService/", method), "{}"));
    EXPECT_EQ(response.status, 403);
    auto body = nlohmann::json::parse(response.body);
    EXPECT_EQ(body["details"][0]["debug"]["reason"], "RESOURCE_DENIED");
  }
}

TEST_F(JsonDoorTest, RefusesUnknownFieldsWithoutQuotingThem) {
  WebResponse response = Send(Post(kGetToken, R"({"min_tll":"canary"})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("FIELD_INVALID"));
  EXPECT_THAT(response.body, Not(HasSubstr("canary")));
  EXPECT_THAT(response.body, Not(HasSubstr("min_tll")));
  EXPECT_EQ(Send(Post(kGetToken, "{")).status, 400);
  EXPECT_EQ(Send(Post(kGetToken, "")).status, 400);
}

TEST_F(JsonDoorTest, TakesOnlyJsonPosts) {
  WebRequest get = Post(kGetToken, "");
  get.method = "GET";
  EXPECT_EQ(Send(get).status, 405);
  EXPECT_EQ(HeaderOf(Send(get), "Allow"), "POST");
  WebRequest form = Post(kGetToken, kBody);
  form.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(Send(form).status, 415);
  form.headers.clear();
  EXPECT_EQ(Send(form).status, 415);
  WebRequest charset = Post(kGetToken, kBody);
  charset.headers = {{"Content-Type", "Application/JSON; charset=utf-8"}};
  EXPECT_EQ(Send(charset).status, 200);
}

TEST_F(JsonDoorTest, ServesNoOtherMethods) {
  for (const char* path : {"/tokenvault.v1.AdminService/GetStatus",
                           "/tokenvault.v1.ApprovalService/None",
                           "/tokenvault.v1.TokenService/GetScopedToken/",
                           "/tokenvault.v1.TokenService/None"}) {
    EXPECT_TRUE(JsonDoor::Serves(path)) << path;
    EXPECT_EQ(Send(Post(path, "{}")).status, 404) << path;
  }
  EXPECT_FALSE(JsonDoor::Serves("/c/abc"));
}

TEST_F(JsonDoorTest, TakesTheCallersPatience) {
  world_.vault.store->HoldCommits();
  WebRequest request = Post(kGetToken, kBody);
  request.headers.emplace_back("Connect-Timeout-Ms", "2000");
  auto promise = std::make_shared<std::promise<WebResponse>>();
  door_.Handle(std::move(request), [promise](WebResponse response) {
    promise->set_value(std::move(response));
  });
  world_.vault.clock.Advance(absl::Seconds(2));
  world_.timer.RunDue();
  WebResponse response = promise->get_future().get();
  EXPECT_EQ(response.status, 504);
  EXPECT_THAT(response.body, HasSubstr("UPSTREAM_SLOW"));
  world_.vault.store->LetCommitsGo();
}

TEST_F(JsonDoorTest, RefusesTimeoutsAndVersionsItCannotRead) {
  for (const char* bad : {"x", "-1", "12345678901", "1.5", " 1"}) {
    WebRequest request = Post(kGetToken, kBody);
    request.headers.emplace_back("Connect-Timeout-Ms", bad);
    EXPECT_EQ(Send(request).status, 400) << bad;
  }
  WebRequest request = Post(kGetToken, kBody);
  request.headers.emplace_back("Connect-Protocol-Version", "2");
  EXPECT_EQ(Send(request).status, 400);
}

TEST_F(JsonDoorTest, SaysWhenToComeBack) {
  world_.vault.store->FailCommits(errors::StorageFull());
  WebResponse response = Send(Post(kGetToken, kBody));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(HeaderOf(response, "Retry-After"), "5");
}

TEST_F(JsonDoorTest, ServesConnectionsToo) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  WebResponse response =
      Send(Post("/tokenvault.v1.ConnectionService/ListConnections",
                R"({"parent":"users/-"})"));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("providers/calendar"));
}

}  // namespace
}  // namespace tokenvault
