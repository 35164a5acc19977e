#include "server/demo/faults.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/demo/endpoints.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class DemoFaultsTest : public DemoTest {
 protected:
  Answer Set(const std::string& fault, int count = 1,
             const std::string& persona = "demo", Parameters more = {}) {
    more.emplace_back("persona", persona);
    more.emplace_back("fault", fault);
    more.emplace_back("count", absl::StrCat(count));
    return Post("/faults", more);
  }
};

TEST_F(DemoFaultsTest, LosesAnAnswerAfterItRotated) {
  const json first = TokensFor("ana");
  Set("lose_response_after_rotate");
  HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(Issuer(), "/token");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.authorization = Secret::Copy(DemoBasic());
  request.body = Secret(Form({{"grant_type", "refresh_token"},
                              {"refresh_token", first["refresh_token"]}}));
  const auto lost = http_.Send(request);
  EXPECT_EQ(ReasonOf(lost.status()), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(MetadataOf(lost.status(), "maybe_sent"), "true");
  // It is as gone as after a refresh whose answer came.
  EXPECT_EQ(Refresh(first["refresh_token"]).Error(), "invalid_grant");
  EXPECT_EQ(Ledger()["personas"]["demo"]["replays"], 1);
}

TEST_F(DemoFaultsTest, LosesNoAnswerToACode) {
  Set("lose_response_after_rotate");
  EXPECT_TRUE(TokensFor("ana").contains("access_token"));
}

TEST_F(DemoFaultsTest, AnswersLate) {
  DemoProvider::Options options;
  options.late_by = absl::Seconds(30);
  Start(options);
  const json first = TokensFor("ana");
  Set("slow");
  HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(Issuer(), "/token");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.authorization = Secret::Copy(DemoBasic());
  request.timeout = absl::Milliseconds(200);
  request.body = Secret(Form({{"grant_type", "refresh_token"},
                              {"refresh_token", first["refresh_token"]}}));
  EXPECT_EQ(MetadataOf(http_.Send(request).status(), "problem"), "timeout");
  // Others are served meanwhile, and what was asked is done.
  EXPECT_EQ(Refresh(first["refresh_token"]).Error(), "invalid_grant");
}

TEST_F(DemoFaultsTest, AnswersInTheEndWhenItIsLate) {
  DemoProvider::Options options;
  options.late_by = absl::ZeroDuration();
  Start(options);
  Set("slow");
  EXPECT_TRUE(TokensFor("ana").contains("access_token"));
}

TEST_F(DemoFaultsTest, HasEnoughOfCallers) {
  const json first = TokensFor("ana");
  Set("429", 2);
  for (int i = 0; i < 2; ++i) {
    const Answer answer = Refresh(first["refresh_token"]);
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.raw.RetryAfter(), absl::Seconds(2));
  }
  EXPECT_EQ(Refresh(first["refresh_token"]).status, 200);
}

TEST_F(DemoFaultsTest, SendsAProxysPage) {
  const json first = TokensFor("ana");
  Set("html_error");
  const Answer answer = Refresh(first["refresh_token"]);
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.raw.Header("Content-Type"), HasSubstr("text/html"));
  EXPECT_EQ(Refresh(first["refresh_token"]).status, 200);
}

TEST_F(DemoFaultsTest, ForgetsTheClientsSecretInThePersonasWords) {
  const json first = TokensFor("ana");
  Set("invalid_client");
  EXPECT_EQ(Refresh(first["refresh_token"]).Error(), "invalid_client");
  EXPECT_EQ(Refresh(first["refresh_token"]).status, 200);
  Set("invalid_client", 1, "demo-slack");
  Use("demo-slack");
  EXPECT_EQ(Refresh("any").Error(), "bad_client_secret");
}

TEST_F(DemoFaultsTest, IsAheadOfTime) {
  const json tokens = TokensFor("ana");
  Set("clock_skew");
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 401);
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
}

TEST_F(DemoFaultsTest, EndsAGrantAsItsPersonWould) {
  const json first = TokensFor("ana");
  Set("revoked_upstream");
  EXPECT_EQ(Refresh(first["refresh_token"]).Error(), "invalid_grant");
  const json second = TokensFor("ana");
  Set("revoked_upstream");
  EXPECT_EQ(EventsStatus(second["access_token"]), 401);
  EXPECT_EQ(Refresh(second["refresh_token"]).Error(), "invalid_grant");
  const json counters = Ledger()["personas"]["demo"];
  EXPECT_EQ(counters["families_revoked"], 2);
  EXPECT_EQ(counters["replays"], 0);
}

TEST_F(DemoFaultsTest, AreInTheLedger) {
  Set("html_error");
  Refresh("any");
  const json entry = Ledger()["entries"][0];
  EXPECT_EQ(entry["event"], "fault");
  EXPECT_EQ(entry["why"], "html_error");
}

TEST_F(DemoFaultsTest, StrikeOnePersonaAlone) {
  Set("html_error", 1, "demo-box");
  EXPECT_TRUE(TokensFor("ana").contains("access_token"));
  EXPECT_EQ(Get("/faults").Json()["demo-box"]["html_error"], 1);
}

TEST_F(DemoFaultsTest, AreSetByJsonTooAndTakenAwayByNone) {
  EXPECT_EQ(SendJson("POST", "/faults",
                     {{"persona", "demo"}, {"fault", "429"}, {"count", 3}}, "")
                .Json(),
            json::parse(R"({"demo": {"429": 3}})"));
  EXPECT_EQ(Set("429", 0).Json().value("demo", json::object()), json::object());
  EXPECT_EQ(Refresh("any").Error(), "invalid_grant");
}

TEST_F(DemoFaultsTest, AreThoseItKnows) {
  EXPECT_EQ(Set("rain").status, 400);
  EXPECT_EQ(Set("slow", 1, "demo-nobody").status, 400);
  EXPECT_EQ(Set("slow", -1).status, 400);
  EXPECT_EQ(Set("slow", 1001).status, 400);
  EXPECT_EQ(Post("/faults", {}).status, 400);
}

TEST_F(DemoFaultsTest, AreNotSetByOtherPeoplesPages) {
  HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(Issuer(), "/faults");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Origin", "https://evil.example"}};
  request.body = Secret::Copy("persona=demo&fault=slow");
  EXPECT_EQ(Send(std::move(request)).status, 403);
}

TEST(DemoFaultOrderTest, TakesTheOneSetFirstOfThoseThatCanStrike) {
  DemoFaults faults;
  faults.Set("demo", DemoFault::kRevokedUpstream, 1);
  faults.Set("demo", DemoFault::kHtmlError, 1);
  faults.Set("demo", DemoFault::kSlow, 1);
  EXPECT_EQ(faults.Take("demo", {DemoFault::kSlow, DemoFault::kHtmlError}),
            DemoFault::kHtmlError);
  EXPECT_EQ(faults.Take("demo", {DemoFault::kHtmlError}), std::nullopt);
  EXPECT_EQ(faults.Take("demo-box", {DemoFault::kSlow}), std::nullopt);
}

}  // namespace
}  // namespace tokenvault
