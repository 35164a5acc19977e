#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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

}  // namespace
}  // namespace tokenvault
