#include "vault/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PolicyRule Rule(std::string id, Effect effect, ScopeSet scopes) {
  PolicyRule rule;
  rule.id = std::move(id);
  rule.effect = effect;
  rule.agent = AgentId("calendar-bot");
  rule.provider = ProviderId("google");
  rule.scopes = std::move(scopes);
  return rule;
}

PolicyRequest Request(ScopeSet scopes) {
  return {AgentId("calendar-bot"), ProviderId("google"), std::move(scopes)};
}

TEST(PolicyTest, DeniesWhatNoRuleNames) {
  Policy policy({Rule("read", Effect::kAllow, {"r"})});
  Decision decision = policy.Decide(Request({"w"}));
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_EQ(decision.rule, "");
}

TEST(PolicyTest, DeniesARequestForNothing) {
  Policy policy({Rule("all", Effect::kAllow, {"r"})});
  EXPECT_EQ(policy.Decide(Request({})).effect, Effect::kDeny);
}

TEST(PolicyTest, DeniesWhenOneOfManyScopesIsNotNamed) {
  Policy policy({Rule("read", Effect::kAllow, {"r"})});
  EXPECT_EQ(policy.Decide(Request({"r", "w"})).effect, Effect::kDeny);
}

TEST(PolicyTest, TakesTheStrictestRuleForAScope) {
  Policy policy({Rule("a", Effect::kAllow, {"w"}),
                 Rule("b", Effect::kRequireApproval, {"w"})});
  EXPECT_EQ(policy.Decide(Request({"w"})).effect, Effect::kRequireApproval);
  EXPECT_EQ(policy.Decide(Request({"w"})).rule, "b");
}

TEST(PolicyTest, TakesTheStrictestVerdictOfAllScopes) {
  Policy policy(
      {Rule("a", Effect::kAllow, {"r"}), Rule("b", Effect::kDeny, {"w"})});
  EXPECT_EQ(policy.Decide(Request({"r", "w"})).effect, Effect::kDeny);
  EXPECT_EQ(policy.Decide(Request({"r", "w"})).rule, "b");
}

TEST(PolicyTest, GivesTheSameAnswerInEveryOrderOfRules) {
  std::vector<PolicyRule> rules = {Rule("a", Effect::kAllow, {"r", "w"}),
                                   Rule("b", Effect::kDeny, {"w"}),
                                   Rule("c", Effect::kRequireApproval, {"r"})};
  std::sort(rules.begin(), rules.end(),
            [](const auto& x, const auto& y) { return x.id < y.id; });
  do {
    Policy policy(rules);
    EXPECT_EQ(policy.Decide(Request({"r"})).rule, "c");
    EXPECT_EQ(policy.Decide(Request({"w"})).rule, "b");
    EXPECT_EQ(policy.Decide(Request({"r", "w"})).rule, "b");
  } while (std::next_permutation(
      rules.begin(), rules.end(),
      [](const auto& x, const auto& y) { return x.id < y.id; }));
}

TEST(PolicyTest, LeavesOtherAgentsAndProvidersAlone) {
  Policy policy({Rule("a", Effect::kAllow, {"r"})});
  PolicyRequest other_agent = Request({"r"});
  other_agent.agent = AgentId("mail-bot");
  EXPECT_EQ(policy.Decide(other_agent).effect, Effect::kDeny);
  PolicyRequest other_provider = Request({"r"});
  other_provider.provider = ProviderId("github");
  EXPECT_EQ(policy.Decide(other_provider).effect, Effect::kDeny);
}

TEST(PolicyTest, MatchesEverythingWhereARuleNamesNothing) {
  PolicyRule rule;
  rule.id = "all";
  rule.effect = Effect::kAllow;
  rule.any_scope = true;
  EXPECT_EQ(Policy({rule}).Decide(Request({"x", "y"})).effect, Effect::kAllow);
}

TEST(PolicyTest, ExplainsEachRule) {
  Policy policy({Rule("read", Effect::kAllow, {"r"}),
                 Rule("write", Effect::kDeny, {"w"})});
  Explanation explanation = policy.Explain(Request({"r"}));
  EXPECT_EQ(explanation.decision.rule, "read");
  EXPECT_THAT(
      explanation.trace,
      ElementsAre(HasSubstr("matched"), HasSubstr("scopes: r not in [w]")));
}

}  // namespace
}  // namespace tokenvault
