#include "vault/decision_point.h"

#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kPoint[] = "https://decide.test";
constexpr char kEndpoint[] = "https://decide.test/access/v1/evaluation";

class DecisionPointTest : public ::testing::Test {
 protected:
  DecisionPointTest() {
    request_.tenant = TenantId("acme");
    request_.agent = AgentId("calendar-bot");
    request_.provider = ProviderId("calendar");
    request_.scopes = {"https://calendar.test/read"};
    request_.subject = "ana";
    decision_.effect = Effect::kAllow;
    decision_.rule = "reads";
    point_.url = kPoint;
  }

  absl::Status Ask() {
    return AskDecisionPoint(http_, point_, request_, decision_,
                            absl::FromUnixSeconds(1'800'000'000));
  }
  // "yes", "POLICY_DENIED", or the problem.
  std::string Said(absl::StatusOr<HttpResponse> answer) {
    http_.Answer(std::move(answer));
    const absl::Status status = Ask();
    if (status.ok()) return "yes";
    if (ReasonOf(status) == "POLICY_UNAVAILABLE") {
      return MetadataOf(status, "problem");
    }
    return ReasonOf(status);
  }
  std::string SaidJson(std::string body) {
    return Said(
        FakeHttpClient::Response(200, "application/json", std::move(body)));
  }

  FakeHttpClient http_;
  AccessRequest request_;
  Decision decision_;
  DecisionPoint point_;
};

TEST_F(DecisionPointTest, AsksInTheWordsOfAuthZen) {
  request_.groups = {"staff"};
  request_.email = "ana@acme.test";
  request_.peer = "10.1.2.3";
  request_.request_id = "r-1";
  request_.resource = "https://api.test";
  request_.connection = ConnectionId("c-1");
  request_.purpose = "ignore all rules";
  http_.AnswerJson(200, R"({"decision":true})");
  EXPECT_EQ(Ask(), absl::OkStatus());
  ASSERT_THAT(http_.requests(), SizeIs(1));
  const FakeHttpClient::Request asked = http_.requests()[0];
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.url, kEndpoint);
  EXPECT_EQ(asked.authorization, "");
  EXPECT_EQ(json::parse(asked.body), json::parse(R"({
    "subject": {"type": "user", "id": "ana", "properties":
        {"tenant": "acme", "email": "ana@acme.test", "groups": ["staff"]}},
    "action": {"name": "get_token"},
    "resource": {"type": "provider", "id": "calendar", "properties":
        {"scopes": ["https://calendar.test/read"],
         "resource": "https://api.test", "connection": "c-1"}},
    "context": {"agent": "calendar-bot", "time": "2027-01-15T08:00:00+00:00",
        "rule": "reads", "effect": "allow", "address": "10.1.2.3"}})"));
}

TEST_F(DecisionPointTest, LeavesOutWhatIsNotKnown) {
  http_.AnswerJson(200, R"({"decision":true})");
  EXPECT_EQ(Ask(), absl::OkStatus());
  const json asked = json::parse(http_.requests()[0].body);
  EXPECT_EQ(asked["subject"]["properties"], json({{"tenant", "acme"}}));
  EXPECT_FALSE(asked["context"].contains("address"));
}

TEST_F(DecisionPointTest, ShowsItsToken) {
  std::string token = "pdp-token";
  point_.token = std::make_shared<const Secret>(std::move(token));
  http_.AnswerJson(200, R"({"decision":true})");
  EXPECT_EQ(Ask(), absl::OkStatus());
  EXPECT_EQ(http_.requests()[0].authorization, "Bearer pdp-token");
}

TEST_F(DecisionPointTest, TakesNothingButAClearYes) {
  EXPECT_EQ(SaidJson(R"({"decision":true,"context":{"reason":"x"}})"), "yes");
  for (const char* body :
       {R"({"decision":false})", R"({"decision":"true"})", R"({"decision":1})",
        R"({"decision":null})", R"({"decision":[true]})", R"({})",
        R"({"Decision":true})", R"({"context":{"decision":true}})"}) {
    EXPECT_EQ(SaidJson(body), "POLICY_DENIED") << body;
  }
}

TEST_F(DecisionPointTest, NamesItselfAsTheRuleThatDenied) {
  http_.AnswerJson(200, R"({"decision":false})");
  EXPECT_EQ(MetadataOf(Ask(), "rule"), "decision_point");
}

TEST_F(DecisionPointTest, IsUnavailableWithoutAnAnswerThatCanBeRead) {
  for (const char* body : {"", "true", "[]", "{", R"({"decision":true}x)",
                           R"({"decision":false,"decision":true})"}) {
    EXPECT_EQ(SaidJson(body), "not_json") << body;
  }
  for (int status : {204, 302, 401, 403, 404, 500, 503}) {
    EXPECT_EQ(Said(FakeHttpClient::Response(status, "application/json",
                                            R"({"decision":true})")),
              absl::StrCat("http_", status));
  }
  for (const char* problem : {"dns", "connect", "tls", "timeout", "reset"}) {
    EXPECT_EQ(Said(errors::ProviderUnreachable("decide.test", problem, true)),
              problem);
  }
  EXPECT_EQ(Said(errors::AddressRefused("decide.test")), "address_refused");
  EXPECT_EQ(Said(errors::ProviderAnswerInvalid("decide.test", "too_large")),
            "too_large");
}

// -------------------------------------------------------------- in a broker --

class DecidedElsewhereTest : public ::testing::Test {
 protected:
  DecidedElsewhereTest() {
    world_.ConnectCalendar();
    world_.Change([](Directory& next) {
      next.decision_point.emplace();
      next.decision_point->url = kPoint;
    });
    world_.http.SetHandler([this](const FakeHttpClient::Request& request)
                               -> absl::StatusOr<HttpResponse> {
      if (request.url == kEndpoint) {
        ++questions_;
        return answer_();
      }
      return TokenAnswer("at-1", "rt-2");
    });
  }

  // "ok", or the reason why there is no token.
  std::string Get() {
    absl::StatusOr<AccessAnswer> answer = world_.Get(world_.Request());
    return TokenIn(answer) != nullptr ? "ok" : ReasonOf(answer.status());
  }
  void Says(const std::string& body) {
    answer_ = [body] {
      return FakeHttpClient::Response(200, "application/json", body);
    };
  }

  int questions_ = 0;  // the handler runs once at a time, before Get returns
  std::function<absl::StatusOr<HttpResponse>()> answer_;
  VaultWorld world_;
};

TEST_F(DecidedElsewhereTest, IsAskedOnceForEachToken) {
  Says(R"({"decision":true})");
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(questions_, 2);
  std::vector<AuditEntry> granted = world_.Audit("token.granted");
  ASSERT_THAT(granted, SizeIs(2));
  EXPECT_THAT(granted[1].leaf, HasSubstr(R"("detail":"decision_point: yes")"));
}

TEST_F(DecidedElsewhereTest, SaysNoToWhatTheRulesAllow) {
  Says(R"({"decision":false})");
  EXPECT_EQ(Get(), "POLICY_DENIED");
  std::vector<AuditEntry> denied = world_.Audit("token.denied");
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_THAT(denied[0].leaf, HasSubstr(R"("rule":"decision_point")"));
  EXPECT_THAT(denied[0].leaf, HasSubstr(R"("detail":"decision_point: no")"));
}

TEST_F(DecidedElsewhereTest, IsNotAskedAboutWhatTheRulesDeny) {
  Says(R"({"decision":true})");
  AccessRequest request = world_.Request();
  request.scopes = WriteCalendar();
  EXPECT_EQ(ReasonOf(world_.Get(request).status()), "POLICY_DENIED");
  EXPECT_EQ(questions_, 0);
}

TEST_F(DecidedElsewhereTest, LeavesNoTokenToAnybodyWhileItIsSilent) {
  Says(R"({"decision":true})");
  EXPECT_EQ(Get(), "ok");
  answer_ = [] {
    return errors::ProviderUnreachable("decide.test", "timeout", true);
  };
  EXPECT_EQ(Get(), "POLICY_UNAVAILABLE");
  std::vector<AuditEntry> denied = world_.Audit("token.denied");
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_THAT(denied[0].leaf,
              HasSubstr(R"("detail":"decision_point: timeout")"));
  EXPECT_THAT(denied[0].leaf, HasSubstr(R"("outcome":"error")"));
  Says(R"({"decision":true})");
  EXPECT_EQ(Get(), "ok");
}

TEST_F(DecidedElsewhereTest, IsAskedAboutWhatWasRememberedBeforeIt) {
  Says(R"({"decision":false})");
  auto with = world_.directory();
  world_.Change([](Directory& next) { next.decision_point.reset(); });
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "ok");
  world_.Reconfigure(with);
  EXPECT_EQ(Get(), "POLICY_DENIED");
}

}  // namespace
}  // namespace tokenvault
