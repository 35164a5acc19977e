#include "vault/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  PolicyRequest request;
  request.agent = AgentId("calendar-bot");
  request.provider = ProviderId("google");
  request.scopes = std::move(scopes);
  return request;
}

// 2026-03-30 was a Monday.
absl::Time At(int hour, int minute, int day = 30) {
  return absl::FromCivil(absl::CivilMinute(2026, 3, day, hour, minute),
                         absl::UTCTimeZone());
}

PolicyHours OfficeHours() {
  PolicyHours hours;
  for (size_t day = 0; day < 5; ++day) hours.days.set(day);
  hours.from = 8 * 60;
  hours.to = 18 * 60;
  hours.zone = absl::UTCTimeZone();
  return hours;
}

Effect EffectOf(const PolicyRule& rule, const PolicyRequest& request) {
  return Policy({rule}).Decide(request).effect;
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
  EXPECT_EQ(EffectOf(rule, Request({"x", "y"})), Effect::kAllow);
}

// -------------------------------------------------------------- conditions --

TEST(PolicyTest, HoldsForThePersonsItNames) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.persons = {"ana", "ben"};
  PolicyRequest request = Request({"r"});
  request.person = "ben";
  EXPECT_EQ(EffectOf(rule, request), Effect::kAllow);
  request.person = "cleo";
  EXPECT_EQ(EffectOf(rule, request), Effect::kDeny);
}

TEST(PolicyTest, HoldsForAnyOfTheGroupsItNames) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.groups = {"finance", "audit"};
  PolicyRequest request = Request({"r"});
  request.groups = {"staff", "audit"};
  EXPECT_EQ(EffectOf(rule, request), Effect::kAllow);
  request.groups = {"staff"};
  EXPECT_EQ(EffectOf(rule, request), Effect::kDeny);
  request.groups.emplace();
  EXPECT_EQ(EffectOf(rule, request), Effect::kDeny);
}

TEST(PolicyTest, HoldsInItsHoursOnly) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.hours = OfficeHours();
  PolicyRequest request = Request({"r"});
  request.time = At(17, 59);
  EXPECT_EQ(EffectOf(rule, request), Effect::kAllow);
  request.time = At(18, 0);
  EXPECT_EQ(EffectOf(rule, request), Effect::kDeny);
}

TEST(PolicyTest, HoldsInItsNetworksOnly) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.networks = {*Cidr::Parse("10.1.0.0/16"), *Cidr::Parse("fd00::/8")};
  PolicyRequest request = Request({"r"});
  for (const char* inside : {"10.1.255.1", "fd00::7", "::ffff:10.1.2.3"}) {
    request.peer = PeerAddress(inside);
    EXPECT_EQ(EffectOf(rule, request), Effect::kAllow) << inside;
  }
  for (const char* outside : {"10.2.0.1", "2001:db8::1", "::ffff:10.2.0.1"}) {
    request.peer = PeerAddress(outside);
    EXPECT_EQ(EffectOf(rule, request), Effect::kDeny) << outside;
  }
}

TEST(PolicyTest, HoldsForItsResourcesOnly) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.resources = {*ResourcePattern::Parse("https://api.test/files/*")};
  PolicyRequest request = Request({"r"});
  request.resource = "https://api.test/files/7";
  EXPECT_EQ(EffectOf(rule, request), Effect::kAllow);
  request.resource = "https://api.test/mail";
  EXPECT_EQ(EffectOf(rule, request), Effect::kDeny);
}

// One condition of each kind whose fact a bare request leaves open.
std::vector<PolicyRule> ConditionsThatNeedFacts() {
  std::vector<PolicyRule> rules(5, Rule("a", Effect::kAllow, {"r"}));
  rules[0].persons = {"ana"};
  rules[1].groups = {"staff"};
  rules[2].resources = {*ResourcePattern::Parse("https://api.test")};
  rules[3].hours = OfficeHours();
  rules[4].networks = {*Cidr::Parse("10.0.0.0/8")};
  return rules;
}

TEST(PolicyTest, AllowsNothingOnWhatIsNotKnown) {
  for (const PolicyRule& rule : ConditionsThatNeedFacts()) {
    EXPECT_EQ(EffectOf(rule, Request({"r"})), Effect::kDeny);
  }
}

TEST(PolicyTest, DeniesAndAsksOnWhatIsNotKnown) {
  for (PolicyRule rule : ConditionsThatNeedFacts()) {
    rule.id = "b";
    for (Effect effect : {Effect::kDeny, Effect::kRequireApproval}) {
      rule.effect = effect;
      Policy policy({Rule("a", Effect::kAllow, {"r"}), rule});
      EXPECT_EQ(policy.Decide(Request({"r"})).effect, effect);
    }
  }
}

TEST(PolicyTest, AsksNobodyForWhatOnlyMayBeNamed) {
  for (PolicyRule rule : ConditionsThatNeedFacts()) {
    rule.effect = Effect::kRequireApproval;
    EXPECT_EQ(EffectOf(rule, Request({"r"})), Effect::kDeny);
  }
}

// ------------------------------------------------------------------ limits --

TEST(PolicyTest, BindsByTheShortestLifetimeOfAllRules) {
  PolicyRule read = Rule("a", Effect::kAllow, {"r"});
  read.max_lifetime = absl::Hours(1);
  PolicyRule write = Rule("b", Effect::kRequireApproval, {"w"});
  write.max_lifetime = absl::Minutes(10);
  PolicyRule other = Rule("c", Effect::kAllow, {"x"});
  other.max_lifetime = absl::Minutes(1);
  Policy policy({read, write, other});
  Decision decision = policy.Decide(Request({"r", "w"}));
  EXPECT_EQ(decision.max_lifetime, absl::Minutes(10));
  EXPECT_EQ(decision.lifetime_rule, "b");
  EXPECT_EQ(policy.Decide(Request({"r"})).max_lifetime, absl::Hours(1));
}

TEST(PolicyTest, CountsEveryBudgetThatMatches) {
  PolicyRule read = Rule("a", Effect::kAllow, {"r"});
  read.budget = Budget{100, absl::Hours(1), BudgetOf::kAgent};
  PolicyRule write = Rule("b", Effect::kRequireApproval, {"w"});
  write.budget = Budget{3, absl::Hours(24), BudgetOf::kPerson};
  Policy policy({write, read});
  EXPECT_THAT(
      policy.Decide(Request({"r", "w"})).budgets,
      ElementsAre(BudgetUse{"a", *read.budget}, BudgetUse{"b", *write.budget}));
  EXPECT_THAT(policy.Decide(Request({"r"})).budgets,
              ElementsAre(BudgetUse{"a", *read.budget}));
  EXPECT_THAT(policy.Decide(Request({"x"})).budgets, IsEmpty());
}

TEST(PolicyTest, AsksAsTheStrictestOfTheRulesThatAsk) {
  PolicyRule one = Rule("a", Effect::kRequireApproval, {"r"});
  one.approval = {absl::Minutes(10),  true,           true, true, false,
                  {"boss", "deputy"}, {"leads", "it"}};
  PolicyRule two = Rule("b", Effect::kRequireApproval, {"w"});
  two.approval = {absl::Minutes(2), true, false, true, true, {"deputy"}, {}};
  const ApprovalTerms both = {absl::Minutes(2), true, false, true, true,
                              {"deputy"},       {}};
  Decision decision = Policy({one, two}).Decide(Request({"r", "w"}));
  EXPECT_EQ(decision.rule, "a");
  EXPECT_EQ(decision.approval, both);
  EXPECT_EQ(Policy({two, one}).Decide(Request({"r", "w"})).approval, both);
}

TEST(PolicyTest, AsksOnceWhereRulesAgreeOnNoReach) {
  PolicyRule one = Rule("a", Effect::kRequireApproval, {"r"});
  one.approval.once = false;
  one.approval.task = true;
  PolicyRule two = one;
  two.id = "b";
  two.approval.task = false;
  two.approval.hour = true;
  const Decision decision = Policy({one, two}).Decide(Request({"r"}));
  EXPECT_TRUE(decision.approval.once);
  EXPECT_FALSE(decision.approval.task);
  EXPECT_FALSE(decision.approval.hour);
}

TEST(PolicyTest, DeniesWhatNobodyMayApprove) {
  PolicyRule one = Rule("a", Effect::kRequireApproval, {"r"});
  one.approval.approvers = {"boss"};
  PolicyRule two = Rule("b", Effect::kRequireApproval, {"r"});
  two.approval.approver_groups = {"it"};
  const Decision decision = Policy({one, two}).Decide(Request({"r"}));
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_EQ(decision.rule, "a");
}

TEST(PolicyTest, KeepsTheApproversOfTheOnlyRuleThatNamesAny) {
  PolicyRule one = Rule("a", Effect::kRequireApproval, {"r"});
  PolicyRule two = Rule("b", Effect::kRequireApproval, {"r"});
  two.approval.approvers = {"boss"};
  const Decision decision = Policy({one, two}).Decide(Request({"r"}));
  EXPECT_EQ(decision.effect, Effect::kRequireApproval);
  EXPECT_THAT(decision.approval.approvers, ElementsAre("boss"));
}

// ------------------------------------------------------------------ steady --

TEST(PolicyTest, IsSteadyWhereOnlyLastingThingsAreAskedFor) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.persons = {"ana"};
  rule.resources = {*ResourcePattern::Parse("https://api.test")};
  rule.max_lifetime = absl::Hours(1);
  PolicyRequest request = Request({"r"});
  request.person = "ana";
  request.resource = "https://api.test";
  EXPECT_TRUE(Policy({rule}).Decide(request).steady);
}

TEST(PolicyTest, IsNotSteadyWhereARuleDependsOnTheMoment) {
  std::vector<PolicyRule> rules(3, Rule("b", Effect::kDeny, {"r"}));
  rules[0].groups = {"staff"};
  rules[1].hours = OfficeHours();
  rules[2].networks = {*Cidr::Parse("10.0.0.0/8")};
  PolicyRequest request = Request({"r"});
  request.groups.emplace();
  request.time = At(7, 0);
  request.peer = PeerAddress("192.0.2.1");
  for (const PolicyRule& rule : rules) {
    Policy policy({Rule("a", Effect::kAllow, {"r"}), rule});
    const Decision decision = policy.Decide(request);
    EXPECT_EQ(decision.effect, Effect::kAllow);
    EXPECT_FALSE(decision.steady);
  }
}

TEST(PolicyTest, IsNotSteadyWhereTokensAreCounted) {
  PolicyRule rule = Rule("a", Effect::kAllow, {"r"});
  rule.budget = Budget{5, absl::Hours(1), BudgetOf::kAll};
  EXPECT_FALSE(Policy({rule}).Decide(Request({"r"})).steady);
}

TEST(PolicyTest, StaysSteadyBesideRulesAboutOthers) {
  PolicyRule other = Rule("b", Effect::kDeny, {"r"});
  other.agent = AgentId("mail-bot");
  other.hours = OfficeHours();
  PolicyRule elsewhere = Rule("c", Effect::kDeny, {"w"});
  elsewhere.hours = OfficeHours();
  Policy policy({Rule("a", Effect::kAllow, {"r"}), other, elsewhere});
  EXPECT_TRUE(policy.Decide(Request({"r"})).steady);
}

// --------------------------------------------------------------- the others --

TEST(PolicyTest, SaysWhatCouldBeAllowedToSomebody) {
  PolicyRule read = Rule("a", Effect::kAllow, {"r"});
  read.groups = {"staff"};
  PolicyRule at_night = Rule("b", Effect::kDeny, {"r"});
  at_night.hours = OfficeHours();
  PolicyRule never = Rule("c", Effect::kDeny, {"w"});
  Policy policy({read, at_night, never, Rule("d", Effect::kAllow, {"w"}),
                 Rule("e", Effect::kRequireApproval, {"x"})});
  const AgentId agent("calendar-bot");
  const ProviderId google("google");
  EXPECT_TRUE(policy.CouldAllow(agent, google, {"r"}));
  EXPECT_TRUE(policy.CouldAllow(agent, google, {"r", "x"}));
  EXPECT_FALSE(policy.CouldAllow(agent, google, {"w"}));
  EXPECT_FALSE(policy.CouldAllow(agent, google, {"r", "y"}));
  EXPECT_FALSE(policy.CouldAllow(AgentId("mail-bot"), google, {"r"}));
  EXPECT_FALSE(policy.CouldAllow(agent, google, {}));
}

TEST(PolicyTest, ExplainsEachRule) {
  PolicyRule hours = Rule("hours", Effect::kAllow, {"r"});
  hours.hours = OfficeHours();
  PolicyRule groups = Rule("groups", Effect::kAllow, {"r"});
  groups.groups = {"staff"};
  Policy policy({Rule("read", Effect::kAllow, {"r"}),
                 Rule("write", Effect::kDeny, {"w"}), hours, groups});
  PolicyRequest request = Request({"r"});
  request.time = At(14, 5, 28);
  Explanation explanation = policy.Explain(request);
  EXPECT_EQ(explanation.decision.rule, "read");
  std::vector<std::string> lines;
  for (const RuleVerdict& verdict : explanation.rules) {
    lines.push_back(verdict.rule + (verdict.matched ? " yes " : " no ") +
                    verdict.why);
  }
  EXPECT_THAT(
      lines,
      ElementsAre("groups no groups: not known, and to allow it must be sure",
                  "hours no hours: Sat 14:05 in UTC is not in Mon Tue Wed Thu "
                  "Fri 08:00-18:00 UTC",
                  "read yes agent, provider, scopes",
                  "write no scopes: r not in [w]"));
}

TEST(PolicyTest, FindsARuleByItsId) {
  Policy policy({Rule("a", Effect::kAllow, {"r"})});
  ASSERT_NE(policy.FindRule("a"), nullptr);
  EXPECT_EQ(policy.FindRule("a")->scopes, ScopeSet({"r"}));
  EXPECT_EQ(policy.FindRule("b"), nullptr);
}

}  // namespace
}  // namespace tokenvault
