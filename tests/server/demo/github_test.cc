#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/url.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::StartsWith;

class DemoGithubTest : public DemoTest {
 protected:
  DemoGithubTest() { Use("demo-github"); }
  Parameters Posted(Parameters form) const {
    form.emplace_back("client_id", kDemoClient);
    form.emplace_back("client_secret", kDemoSecret);
    return form;
  }
  // Without an Accept header, as it answers by default.
  std::map<std::string, std::string> FormTokens(const Answer& answer) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.raw.Header("Content-Type"),
                StartsWith("application/x-www-form-urlencoded"));
    auto fields = ParseQuery(answer.body);
    EXPECT_TRUE(fields.ok());
    if (!fields.ok()) return {};
    return {fields->begin(), fields->end()};
  }
  std::map<std::string, std::string> Tokens(const std::string& person) {
    return FormTokens(Post("/token", Posted(Redemption(CodeFor(person)))));
  }
  std::map<std::string, std::string> Renew(const std::string& token) {
    return FormTokens(Post("/token", Posted({{"grant_type", "refresh_token"},
                                             {"refresh_token", token}})));
  }
};

TEST_F(DemoGithubTest, AnswersWithAFormUnlessAskedForJson) {
  auto tokens = Tokens("ana");
  EXPECT_THAT(tokens["access_token"], StartsWith("dm_at_"));
  EXPECT_EQ(tokens["expires_in"], "600");
  EXPECT_EQ(tokens["scope"], "");
  HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(Issuer(), "/token");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.body = Secret(Form(Posted(Redemption(CodeFor("ana")))));
  EXPECT_TRUE(Send(std::move(request)).Json().contains("refresh_token"));
}

TEST_F(DemoGithubTest, SaysErrorsWithStatus200) {
  EXPECT_EQ(Renew("unknown")["error"], "bad_refresh_token");
  EXPECT_EQ(FormTokens(Post("/token", Posted(Redemption("unknown"))))["error"],
            "bad_verification_code");
  EXPECT_EQ(FormTokens(Post("/token", Redemption("x"), DemoBasic()))["error"],
            "incorrect_client_credentials");
}

TEST_F(DemoGithubTest, EndsTheOldAccessTokenWithTheRefresh) {
  auto first = Tokens("ana");
  auto second = Renew(first["refresh_token"]);
  EXPECT_EQ(EventsStatus(first["access_token"]), 401);
  EXPECT_EQ(EventsStatus(second["access_token"]), 200);
}

TEST_F(DemoGithubTest, ScopesATokenAndNoFurther) {
  auto tokens = Tokens("ana");
  const std::string path =
      absl::StrCat("/applications/", kDemoClient, "/token/scoped");
  const json reading = {{"access_token", tokens["access_token"]},
                        {"target", "ana"},
                        {"permissions", {{"calendar", "read"}}}};
  const json narrow = SendJson("POST", path, reading, DemoBasic()).Json();
  EXPECT_EQ(narrow["installation"]["permissions"]["calendar"], "read");
  EXPECT_EQ(narrow["expires_at"], "2027-01-15T08:10:00Z");
  EXPECT_EQ(EventsStatus(narrow["token"]), 200);

  json wrong = reading;
  wrong["access_token"] = narrow["token"];
  wrong["permissions"]["calendar"] = "write";
  EXPECT_EQ(SendJson("POST", path, wrong, DemoBasic()).status, 422);
  for (const auto& [name, value] : std::vector<std::pair<std::string, json>>{
           {"target", "ben"},
           {"repositories", json::array({"offsite"})},
           {"permissions", {{"contacts", "read"}}}}) {
    wrong = reading;
    wrong[name] = value;
    EXPECT_EQ(SendJson("POST", path, wrong, DemoBasic()).status, 422) << name;
  }
  EXPECT_EQ(SendJson("POST", path, reading, "").status, 401);
}

TEST_F(DemoGithubTest, EndsAllThatAPersonGaveWhenTheGrantIsDeleted) {
  auto here = Tokens("ana");
  auto there = Tokens("ana");
  auto of_ben = Tokens("ben");
  const std::string path =
      absl::StrCat("/applications/", kDemoClient, "/grant");
  EXPECT_EQ(SendJson("DELETE", path, {{"access_token", here["access_token"]}},
                     Basic(kDemoGuestClient, kDemoGuestSecret))
                .status,
            404);
  EXPECT_EQ(SendJson("DELETE", path, {{"access_token", here["access_token"]}},
                     DemoBasic())
                .status,
            204);
  EXPECT_EQ(EventsStatus(there["access_token"]), 401);
  EXPECT_EQ(EventsStatus(of_ben["access_token"]), 200);
}

}  // namespace
}  // namespace tokenvault
