#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr char kExchange[] = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr char kAccessTokenType[] =
    "urn:ietf:params:oauth:token-type:access_token";

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
