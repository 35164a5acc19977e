#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/demo/persona.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// ------------------------------------------------------- what all have alike
// --

class DemoPersonaTest : public DemoTest {
 protected:
  // A client of this persona, from the request to the tokens. Those of the
  // nested kind are taken out.
  json Connect(const std::string& persona) {
    Use(persona);
    Parameters request = With(GoodRequest(), "access_type", "offline");
    if (persona == "demo-slack") {
      request = With(With(request, "user_scope", "calendar.read"), "scope", {});
    } else if (persona == "demo-salesforce") {
      request = With(request, "scope", "calendar.read refresh_token");
    } else if (persona == "demo-mcp") {
      resource_ = absl::StrCat(Issuer(), "/calendar");
      request = With(With(request, "resource", resource_), "scope",
                     "calendar.read offline_access");
    }
    code_ = CodeFor("ana", request, {{"allow.calendar.read", "yes"}});
    json tokens = TokenCall(Redemption(code_));
    if (tokens.contains("authed_user")) return tokens["authed_user"];
    return tokens;
  }
  json TokenCall(Parameters form) {
    if (!resource_.empty()) form.emplace_back("resource", resource_);
    if (prefix_ == "/demo-notion") {
      return SendJson("POST", "/token",
                      json(std::map<std::string, std::string>(form.begin(),
                                                              form.end())),
                      DemoBasic())
          .Json();
    }
    form.emplace_back("client_id", kDemoClient);
    form.emplace_back("client_secret", kDemoSecret);
    HttpRequest request;
    request.method = "POST";
    request.url = absl::StrCat(Issuer(), "/token");
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"}};
    request.body = Secret(Form(form));
    return Send(std::move(request)).Json();
  }
  json RefreshCall(const std::string& token) {
    return TokenCall(
        {{"grant_type", "refresh_token"}, {"refresh_token", token}});
  }
  static std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const DemoPersona& persona : DemoPersonas()) {
      if (!persona.Prefix().empty()) names.push_back(persona.name);
    }
    return names;
  }

  std::string code_;
  std::string resource_;
};

TEST_F(DemoPersonaTest, EachLeadsFromConsentToTheCalendar) {
  for (const std::string& persona : Names()) {
    SCOPED_TRACE(persona);
    const json tokens = Connect(persona);
    ASSERT_TRUE(tokens.contains("access_token")) << tokens;
    EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
    resource_.clear();
  }
}

TEST_F(DemoPersonaTest, EachKeepsItsTokensToItself) {
  const json tokens = Connect("demo-static");
  for (const std::string& persona : Names()) {
    if (persona == "demo-static") continue;
    Use(persona);
    EXPECT_EQ(EventsStatus(tokens["access_token"]), 401) << persona;
  }
}

TEST_F(DemoPersonaTest, EachEndsTheFamilyOfAReplayedCode) {
  for (const std::string& persona : Names()) {
    SCOPED_TRACE(persona);
    const json tokens = Connect(persona);
    EXPECT_TRUE(TokenCall(Redemption(code_)).contains("error"));
    EXPECT_EQ(EventsStatus(tokens["access_token"]), 401);
    resource_.clear();
  }
}

TEST_F(DemoPersonaTest, EachThatRotatesEndsTheFamilyOfAReplayedRefreshToken) {
  int rotating = 0;
  for (const DemoPersona& persona : DemoPersonas()) {
    if (!persona.rotates || persona.offline == DemoOffline::kNever ||
        persona.Prefix().empty()) {
      continue;
    }
    SCOPED_TRACE(persona.name);
    ++rotating;
    const json first = Connect(persona.name);
    const json second = RefreshCall(first["refresh_token"]);
    ASSERT_TRUE(second.contains("refresh_token")) << second;
    EXPECT_NE(second["refresh_token"], first["refresh_token"]);
    EXPECT_TRUE(RefreshCall(first["refresh_token"]).contains("error"));
    EXPECT_TRUE(RefreshCall(second["refresh_token"]).contains("error"));
    EXPECT_EQ(EventsStatus(second["access_token"]), 401);
    const json counters = Ledger()["personas"][persona.name];
    EXPECT_EQ(counters["replays"], 1);
    EXPECT_EQ(counters["families_revoked"], 1);
    resource_.clear();
  }
  EXPECT_EQ(rotating, 5);
}

TEST_F(DemoPersonaTest, EachButSlackWantsPkce) {
  for (const std::string& persona : Names()) {
    Use(persona);
    auto request = With(With(GoodRequest(), "code_challenge", {}),
                        "code_challenge_method", {});
    if (persona == "demo-slack") {
      request = With(request, "user_scope", "calendar.read");
      EXPECT_EQ(Get(absl::StrCat("/authorize?", Form(request))).status, 200);
      continue;
    }
    EXPECT_EQ(
        Back(Get(absl::StrCat("/authorize?", Form(request)))).second["error"],
        "invalid_request")
        << persona;
  }
}

TEST_F(DemoPersonaTest, EachHasPagesWithTheBandAndWithoutScripts) {
  for (const std::string& persona : Names()) {
    Use(persona);
    const Flow flow =
        Begin(With(With(With(GoodRequest(), "user_scope", "calendar.read"),
                        "resource", absl::StrCat(Issuer(), "/calendar")),
                   "prompt", "consent"));
    const Answer page = Press(flow, "person", "ana");
    EXPECT_THAT(page.body,
                AllOf(HasSubstr("DEMO provider"), Not(HasSubstr("<script"))));
    EXPECT_THAT(page.body,
                HasSubstr(absl::StrCat("action=\"", prefix_, "/authorize\"")));
  }
}

TEST_F(DemoPersonaTest, EachHasItsOwnCookies) {
  Use("demo-box");
  const Answer page = Get(absl::StrCat("/authorize?", Form(GoodRequest())));
  EXPECT_THAT(page.raw.Header("Set-Cookie"),
              HasSubstr("; Path=/demo-box/authorize; HttpOnly; SameSite=Lax"));
}

// ------------------------------------------------------------------- static --

TEST_F(DemoPersonaTest, StaticGivesOneTokenForEver) {
  const json tokens = Connect("demo-static");
  EXPECT_EQ(tokens.count("refresh_token"), 0u);
  EXPECT_EQ(tokens.count("expires_in"), 0u);
  clock_.Advance(absl::Hours(24 * 365));
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
  Post("/revoke", {{"token", tokens["access_token"]}}, DemoBasic());
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 401);
}

// --------------------------------------------------------------- salesforce --

TEST_F(DemoPersonaTest, SalesforceTellsAnExpiryOnlyToWhoAsks) {
  const json tokens = Connect("demo-salesforce");
  EXPECT_EQ(tokens.count("expires_in"), 0u);
  EXPECT_EQ(tokens["instance_url"], Issuer());
  EXPECT_EQ(tokens["scope"], "calendar.read");
  const json told =
      Post("/introspect", {{"token", tokens["access_token"]}}, DemoBasic())
          .Json();
  EXPECT_EQ(told["exp"], absl::ToUnixSeconds(clock_.Now()) + 600);
}

TEST_F(DemoPersonaTest, SalesforceKeepsItsRefreshToken) {
  const json tokens = Connect("demo-salesforce");
  for (int i = 0; i < 2; ++i) {
    const json again = RefreshCall(tokens["refresh_token"]);
    EXPECT_EQ(again.count("refresh_token"), 0u);
    EXPECT_EQ(EventsStatus(again["access_token"]), 200);
  }
}

// ------------------------------------------------------------------- notion --

TEST_F(DemoPersonaTest, NotionTakesBasicAndJsonAlone) {
  const json tokens = Connect("demo-notion");
  EXPECT_EQ(tokens["owner"]["user"]["person"]["email"], "ana@demo.test");
  EXPECT_EQ(tokens.count("scope"), 0u);
  EXPECT_EQ(tokens.count("expires_in"), 0u);
  EXPECT_EQ(Refresh(tokens["refresh_token"]).Error(), "invalid_request");
  EXPECT_EQ(SendJson("POST", "/token",
                     {{"grant_type", "refresh_token"},
                      {"refresh_token", tokens["refresh_token"]},
                      {"client_id", kDemoClient},
                      {"client_secret", kDemoSecret}},
                     "")
                .Error(),
            "invalid_client");
  EXPECT_TRUE(RefreshCall(tokens["refresh_token"]).contains("refresh_token"));
}

}  // namespace
}  // namespace tokenvault
