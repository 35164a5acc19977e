#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/discovery.h"
#include "oauth/url.h"
#include "server/demo/persona.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kExchange[] = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr char kAccessTokenType[] =
    "urn:ietf:params:oauth:token-type:access_token";

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

// ------------------------------------------------------------------- github --

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

// -------------------------------------------------------------------- slack --

class DemoSlackTest : public DemoTest {
 protected:
  DemoSlackTest() { Use("demo-slack"); }
  json Tokens() {
    const Parameters request =
        With(With(GoodRequest(), "scope", "chat:write"), "user_scope",
             "calendar.read,calendar.write");
    return Post("/token", Redemption(CodeFor("ana", request)), DemoBasic())
        .Json();
  }
};

TEST_F(DemoSlackTest, NestsThePersonsTokenAndJoinsScopesByCommas) {
  const json tokens = Tokens();
  EXPECT_EQ(tokens["ok"], true);
  EXPECT_EQ(tokens.count("access_token"), 0u);
  EXPECT_EQ(tokens["authed_user"]["id"], "ana");
  EXPECT_EQ(tokens["authed_user"]["scope"], "calendar.read,calendar.write");
  EXPECT_EQ(EventsStatus(tokens["authed_user"]["access_token"]), 200);
}

TEST_F(DemoSlackTest, HasARefreshedTokenAtTheTop) {
  const json tokens = Refresh(Tokens()["authed_user"]["refresh_token"]).Json();
  EXPECT_EQ(tokens["ok"], true);
  EXPECT_EQ(tokens["token_type"], "user");
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
}

TEST_F(DemoSlackTest, SaysNotOkWithStatus200) {
  const Answer answer = Refresh("unknown");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json()["ok"], false);
  EXPECT_EQ(answer.Error(), "invalid_refresh_token");
}

TEST_F(DemoSlackTest, RevokesByACallWithTheToken) {
  const json user = Tokens()["authed_user"];
  const std::string bearer =
      absl::StrCat("Bearer ", std::string(user["access_token"]));
  EXPECT_EQ(Post("/auth.revoke", {}, bearer).Json()["revoked"], true);
  EXPECT_EQ(EventsStatus(user["access_token"]), 401);
  EXPECT_EQ(Refresh(user["refresh_token"]).Error(), "invalid_refresh_token");
  EXPECT_EQ(Post("/auth.revoke", {}, bearer).Error(), "token_revoked");
}

TEST_F(DemoSlackTest, StillHoldsAClientToItsChallenge) {
  const std::string code =
      CodeFor("ana", With(GoodRequest(), "user_scope", "calendar.read"));
  EXPECT_EQ(
      Post("/token", With(Redemption(code), "code_verifier", {}), DemoBasic())
          .Error(),
      "invalid_code");
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

// ------------------------------------------------------------------- google --

class DemoGoogleTest : public DemoTest {
 protected:
  DemoGoogleTest() { Use("demo-google"); }
  json Tokens(const Parameters& more, const Parameters& ticked = kAll) {
    Parameters request = With(GoodRequest(), "access_type", "offline");
    for (const auto& [name, value] : more) request = With(request, name, value);
    return Post("/token", Redemption(CodeFor("ana", request, ticked)),
                DemoBasic())
        .Json();
  }
  static inline const Parameters kAll = {{"allow.calendar.read", "yes"},
                                         {"allow.calendar.write", "yes"}};
};

TEST_F(DemoGoogleTest, GivesARefreshTokenAtTheFirstConsentOnly) {
  const json first = Tokens({});
  EXPECT_EQ(first.count("refresh_token"), 1u);
  EXPECT_EQ(Tokens({}).count("refresh_token"), 0u);
  EXPECT_EQ(Tokens({{"prompt", "consent"}}).count("refresh_token"), 1u);
  EXPECT_EQ(Tokens({{"prompt", "consent"}, {"access_type", "online"}})
                .count("refresh_token"),
            0u);
  Post("/revoke", {{"token", first["access_token"]}}, DemoBasic());
  EXPECT_EQ(Tokens({}).count("refresh_token"), 1u);
}

TEST_F(DemoGoogleTest, LetsThePersonUntickAndSaysSo) {
  const Flow flow = Begin(
      With(GoodRequest(), "scope", "openid calendar.read calendar.write"));
  EXPECT_THAT(
      Press(flow, "person", "ana").body,
      AllOf(HasSubstr("<input type=\"checkbox\" name=\"allow.calendar.read\" "
                      "value=\"yes\" checked>"),
            Not(HasSubstr("allow.openid"))));
  const std::string code =
      Back(Press(flow, "decision", "allow", {{"allow.calendar.read", "yes"}}))
          .second["code"];
  const json tokens = Post("/token", Redemption(code), DemoBasic()).Json();
  EXPECT_EQ(tokens["scope"], "calendar.read openid");
}

TEST_F(DemoGoogleTest, TakesNothingTickedForANo) {
  const Flow flow = Begin(GoodRequest());
  Press(flow, "person", "ana");
  EXPECT_EQ(Back(Press(flow, "decision", "allow")).second["error"],
            "access_denied");
}

TEST_F(DemoGoogleTest, EndsTheWholeGrantWithAnyToken) {
  const json first = Tokens({});
  const json second = Tokens({{"prompt", "consent"}});
  Post("/revoke", {{"token", second["access_token"]}}, DemoBasic());
  EXPECT_EQ(EventsStatus(first["access_token"]), 401);
  EXPECT_EQ(Refresh(first["refresh_token"]).Error(), "invalid_grant");
}

// ---------------------------------------------------------------------- box --

class DemoBoxTest : public DemoTest {
 protected:
  DemoBoxTest() { Use("demo-box"); }
  Answer Exchange(const std::string& token, const Parameters& more) {
    Parameters form = {{"grant_type", kExchange},
                       {"subject_token", token},
                       {"subject_token_type", kAccessTokenType}};
    form.insert(form.end(), more.begin(), more.end());
    return Post("/token", form, DemoBasic());
  }
};

TEST_F(DemoBoxTest, ExchangesATokenForOneWithLess) {
  const json tokens = TokensFor("ana");
  EXPECT_EQ(tokens["restricted_to"], json::array());
  const std::string events = absl::StrCat(Issuer(), "/calendar/events");
  const json narrow =
      Exchange(tokens["access_token"],
               {{"scope", "calendar.read"}, {"resource", events}})
          .Json();
  EXPECT_EQ(
      narrow["restricted_to"],
      json::parse(absl::StrCat(
          R"([{"scope":"calendar.read","object":{"type":"calendar","url":")",
          events, R"("}}])")));
  EXPECT_EQ(narrow["issued_token_type"], kAccessTokenType);
  EXPECT_EQ(narrow.count("refresh_token"), 0u);
  EXPECT_EQ(EventsStatus(narrow["access_token"]), 200);
}

TEST_F(DemoBoxTest, HoldsATokenToItsResource) {
  const json tokens = TokensFor("ana");
  const json elsewhere =
      Exchange(tokens["access_token"],
               {{"scope", "calendar.read"},
                {"resource", absl::StrCat(Issuer(), "/calendar/rooms")}})
          .Json();
  EXPECT_EQ(EventsStatus(elsewhere["access_token"]), 403);
  EXPECT_EQ(Exchange(elsewhere["access_token"],
                     {{"resource", "http://127.0.0.1:9/calendar"}})
                .Error(),
            "invalid_target");
}

TEST_F(DemoBoxTest, GivesNoMoreThanThereIs) {
  const json narrow =
      Exchange(TokensFor("ana")["access_token"], {{"scope", "calendar.read"}})
          .Json();
  clock_.Advance(absl::Minutes(9));
  EXPECT_EQ(
      Exchange(narrow["access_token"], {{"scope", "calendar.write"}}).Error(),
      "invalid_scope");
  EXPECT_EQ(Exchange(narrow["access_token"], {}).Json()["expires_in"], 60);
  EXPECT_EQ(Exchange("unknown", {}).Error(), "invalid_grant");
}

}  // namespace
}  // namespace tokenvault
