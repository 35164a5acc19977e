#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;

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

}  // namespace
}  // namespace tokenvault
