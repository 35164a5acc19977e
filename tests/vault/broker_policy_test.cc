// What the broker does with what policy says beyond yes and no.
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/await.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class BrokerPolicyTest : public ::testing::Test {
 protected:
  BrokerPolicyTest() {
    world_.ConnectCalendar();
    world_.AnswerToken("at-1", "rt-2", ReadCalendar(), 3600);
  }

  // Policy is this one rule, and `change` to it.
  template <typename Change>
  void Only(Change change) {
    PolicyRule rule;
    rule.id = "rule";
    rule.effect = Effect::kAllow;
    rule.any_scope = true;
    change(rule);
    world_.Change([&](Directory& next) { next.policy = Policy({rule}); });
  }
  // "ok", or the reason why there is no token.
  std::string Get(const AccessRequest& request) {
    absl::StatusOr<AccessAnswer> answer = world_.Get(request);
    if (TokenIn(answer) != nullptr) return "ok";
    last_ = answer.status();
    return ReasonOf(last_);
  }
  std::string Get() { return Get(world_.Request()); }

  VaultWorld world_;
  absl::Status last_;
};

TEST_F(BrokerPolicyTest, JudgesEveryRequestWhereTheHourMatters) {
  Only([&](PolicyRule& rule) {
    const absl::CivilMinute now(
        absl::ToCivilMinute(world_.clock.Now(), absl::UTCTimeZone()));
    rule.hours = PolicyHours();
    rule.hours->days.set();
    rule.hours->from = now.hour() * 60 + now.minute();
    rule.hours->to = (rule.hours->from + 2) % (24 * 60);
    rule.hours->zone = absl::UTCTimeZone();
  });
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "ok");
  world_.clock.Advance(absl::Minutes(2));
  EXPECT_EQ(Get(), "POLICY_DENIED");
}

TEST_F(BrokerPolicyTest, JudgesEveryCallerWhereTheNetworkMatters) {
  Only([](PolicyRule& rule) { rule.networks = {*Cidr::Parse("10.0.0.0/8")}; });
  AccessRequest request = world_.Request();
  request.peer = "10.1.2.3";
  EXPECT_EQ(Get(request), "ok");
  request.peer = "192.0.2.1";
  EXPECT_EQ(Get(request), "POLICY_DENIED");
  request.peer = "";
  EXPECT_EQ(Get(request), "POLICY_DENIED");
}

TEST_F(BrokerPolicyTest, JudgesEveryTokenWhereGroupsMatter) {
  Only([](PolicyRule& rule) { rule.groups = {"staff"}; });
  AccessRequest request = world_.Request();
  request.groups = {"staff"};
  EXPECT_EQ(Get(request), "ok");
  request.groups.emplace();
  EXPECT_EQ(Get(request), "POLICY_DENIED");
  request.groups.reset();
  EXPECT_EQ(Get(request), "POLICY_DENIED");
}

TEST_F(BrokerPolicyTest, TellsPersonsApart) {
  Only([](PolicyRule& rule) { rule.persons = {"ana"}; });
  AccessRequest request = world_.Request();
  request.subject = "ana";
  EXPECT_EQ(Get(request), "ok");
  request.subject = "ben";
  request.user = world_.UserOf("acme", "ben");
  EXPECT_EQ(Get(request), "POLICY_DENIED");
}

TEST_F(BrokerPolicyTest, JudgesAnewAfterAReloadWhatItRemembered) {
  Only([](PolicyRule&) {});
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "ok");
  Only([](PolicyRule& rule) { rule.effect = Effect::kDeny; });
  EXPECT_EQ(Get(), "POLICY_DENIED");
  Only([](PolicyRule&) {});
  EXPECT_EQ(Get(), "ok");
}

// ----------------------------------------------------------------- budgets --

TEST_F(BrokerPolicyTest, StopsWhenTheBudgetIsSpent) {
  Only([](PolicyRule& rule) {
    rule.budget = Budget{2, absl::Hours(1), BudgetOf::kAgent};
  });
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "BUDGET_SPENT");
  EXPECT_EQ(MetadataOf(last_, "rule"), "rule");
  EXPECT_THAT(world_.Audit("token.granted"), SizeIs(2));
  std::vector<AuditEntry> denied = world_.Audit("token.denied");
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_THAT(denied[0].leaf, HasSubstr(R"("reason":"BUDGET_SPENT")"));
  EXPECT_THAT(denied[0].leaf, HasSubstr(R"("rule":"rule")"));
}

TEST_F(BrokerPolicyTest, SpendsNothingWhileTokensAreStopped) {
  Only([](PolicyRule& rule) {
    rule.budget = Budget{1, absl::Hours(1), BudgetOf::kAgent};
  });
  Stops::Order order;
  order.stop.kind = StopKind::kVault;
  ASSERT_TRUE(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
                world_.stops->Add(order, std::move(done));
              }).ok());
  EXPECT_EQ(Get(), "ISSUANCE_STOPPED");
  ASSERT_TRUE(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
                world_.stops->Lift(order, std::move(done));
              }).ok());
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "BUDGET_SPENT");
}

// The commit that counts it was under way when the stop came.
TEST_F(BrokerPolicyTest, TakesBackWhatItCountedForATokenThatWasStopped) {
  Only([](PolicyRule& rule) {
    rule.budget = Budget{2, absl::Hours(1), BudgetOf::kAgent};
  });
  ASSERT_EQ(Get(), "ok");  // and is in the cache for the next
  Stops::Order order;
  order.stop.kind = StopKind::kVault;
  world_.store->HoldCommits();
  std::future<absl::StatusOr<AccessAnswer>> call =
      world_.Begin(world_.Request());
  world_.WaitForPool(0);
  std::promise<absl::Status> stopped;
  world_.stops->Add(order, [&](absl::Status status) {
    stopped.set_value(std::move(status));
  });
  world_.store->LetCommitsGo();
  EXPECT_EQ(ReasonOf(call.get().status()), "ISSUANCE_STOPPED");
  ASSERT_TRUE(stopped.get_future().get().ok());
  EXPECT_THAT(world_.Audit("token.granted"), SizeIs(2));
  ASSERT_TRUE(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
                world_.stops->Lift(order, std::move(done));
              }).ok());
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "BUDGET_SPENT");
}

TEST_F(BrokerPolicyTest, SaysWhenTheNextWindowOpens) {
  const Budget budget{1, absl::Hours(1), BudgetOf::kAgent};
  Only([&](PolicyRule& rule) { rule.budget = budget; });
  EXPECT_EQ(Get(), "ok");
  world_.clock.Advance(absl::Seconds(1));
  EXPECT_EQ(Get(), "BUDGET_SPENT");
  const absl::Time now = world_.clock.Now();
  const absl::Duration wait = WindowStart(budget, now) + budget.per - now;
  EXPECT_EQ(last_, errors::BudgetSpent("rule", wait));
  world_.clock.Advance(wait);
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  EXPECT_EQ(Get(), "ok");
}

TEST_F(BrokerPolicyTest, CountsEachPersonAlone) {
  Only([](PolicyRule& rule) {
    rule.budget = Budget{1, absl::Hours(1), BudgetOf::kPerson};
  });
  world_.Connect("acme", "ben", "calendar-bot", "calendar", ReadCalendar());
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "BUDGET_SPENT");
  AccessRequest bens = world_.Request();
  bens.user = world_.UserOf("acme", "ben");
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  EXPECT_EQ(Get(bens), "ok");
}

TEST_F(BrokerPolicyTest, CountsAllTogetherWhereTheRuleSaysSo) {
  Only([](PolicyRule& rule) {
    rule.budget = Budget{1, absl::Hours(1), BudgetOf::kAll};
  });
  world_.Connect("acme", "ben", "calendar-bot", "calendar", ReadCalendar());
  EXPECT_EQ(Get(), "ok");
  AccessRequest bens = world_.Request();
  bens.user = world_.UserOf("acme", "ben");
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  EXPECT_EQ(Get(bens), "BUDGET_SPENT");
}

TEST_F(BrokerPolicyTest, SpendsNothingOfAnyBudgetWhenOneIsSpent) {
  PolicyRule rich;
  rich.id = "rich";
  rich.effect = Effect::kAllow;
  rich.any_scope = true;
  rich.budget = Budget{10, absl::Hours(1), BudgetOf::kAgent};
  PolicyRule poor = rich;
  poor.id = "poor";
  poor.budget->tokens = 1;
  world_.Change([&](Directory& next) { next.policy = Policy({rich, poor}); });
  EXPECT_EQ(Get(), "ok");
  EXPECT_EQ(Get(), "BUDGET_SPENT");
  EXPECT_EQ(Get(), "BUDGET_SPENT");
  auto use = world_.store->GetPolicyUse(TenantId("acme"), "rich",
                                        AgentId("calendar-bot"), UserId());
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(use->used, 1);
}

// --------------------------------------------------------------- lifetimes --

TEST_F(BrokerPolicyTest, HandsOutNoTokenThatLivesLongerThanARuleAllows) {
  Only([](PolicyRule& rule) { rule.max_lifetime = absl::Minutes(30); });
  EXPECT_EQ(Get(), "PROVIDER_TOKEN_NOT_SHORT_LIVED");
  EXPECT_EQ(MetadataOf(last_, "rule"), "rule");
  // It is kept for whoever may have it; asking again asks no provider.
  EXPECT_EQ(Get(), "PROVIDER_TOKEN_NOT_SHORT_LIVED");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  EXPECT_THAT(world_.Audit("token.granted"), SizeIs(0));
  EXPECT_THAT(world_.Audit("token.denied"), SizeIs(2));
}

TEST_F(BrokerPolicyTest, HandsOutWhatIsLeftOfATokenOnceItIsShortEnough) {
  Only([](PolicyRule& rule) { rule.max_lifetime = absl::Minutes(30); });
  EXPECT_EQ(Get(), "PROVIDER_TOKEN_NOT_SHORT_LIVED");
  world_.clock.Advance(absl::Minutes(30));
  EXPECT_EQ(Get(), "ok");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

}  // namespace
}  // namespace tokenvault
