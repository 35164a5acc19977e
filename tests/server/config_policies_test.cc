#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/config.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kBegin[] = R"toml([server]
public_url = "https://connect.example.com"
trust_domains = ["example.com"]

[seal]
type = "file"
key_file = "/etc/tokenvault/root.key"

[[tenants]]
id = "acme"
issuer = "https://login.example.com"
client_id = "vault"
groups_claim = "https://acme.example.com/groups"

[[agents]]
id = "mailer"
auth = { type = "mtls", spiffe_id = "spiffe://example.com/mailer" }
owner_subject = "00u1"
may_relay_approvals = true

[[providers]]
id = "google"
preset = "google"
client_id = "1234.apps.googleusercontent.com"
client_secret_file = "/etc/tokenvault/google-secret"

)toml";

// One policy of that effect with more lines in it.
absl::StatusOr<Config> ParsePolicy(const std::string& effect,
                                   const std::string& lines) {
  return ParseConfig(
      {{"test.toml",
        absl::StrCat(kBegin, "[[policies]]\nid = \"rule\"\n", "effect = \"",
                     effect, "\"\nscopes = [\"*\"]", "\n", lines, "\n")}},
      ParseOptions());
}

PolicyRule RuleOf(const absl::StatusOr<Config>& config) {
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? config->directory->policy.rules()[0] : PolicyRule();
}

TEST(ConfigPoliciesTest, LeavesOutWhatIsNotSaid) {
  const PolicyRule rule = RuleOf(ParsePolicy("allow", ""));
  EXPECT_THAT(rule.persons, IsEmpty());
  EXPECT_THAT(rule.groups, IsEmpty());
  EXPECT_THAT(rule.resources, IsEmpty());
  EXPECT_FALSE(rule.hours.has_value());
  EXPECT_THAT(rule.networks, IsEmpty());
  EXPECT_EQ(rule.max_lifetime, absl::InfiniteDuration());
  EXPECT_FALSE(rule.budget.has_value());
}

TEST(ConfigPoliciesTest, ReadsEveryCondition) {
  const PolicyRule rule = RuleOf(ParsePolicy("deny", R"(
persons = ["00u1", "00u2"]
groups = ["finance"]
resources = ["https://api.example.com/files/*"]
networks = ["10.1.0.0/16", "fd00::/8"]
hours = { days = ["sat", "sun"], from = "22:00", to = "06:30", zone = "Europe/Berlin" })"));
  EXPECT_EQ(rule.effect, Effect::kDeny);
  EXPECT_THAT(rule.persons, ElementsAre("00u1", "00u2"));
  EXPECT_THAT(rule.groups, ElementsAre("finance"));
  ASSERT_THAT(rule.resources, SizeIs(1));
  EXPECT_EQ(rule.resources[0].text(), "https://api.example.com/files/*");
  EXPECT_THAT(rule.networks, SizeIs(2));
  ASSERT_TRUE(rule.hours.has_value());
  EXPECT_EQ(rule.hours->ToString(), "Sat Sun 22:00-06:30 Europe/Berlin");
}

TEST(ConfigPoliciesTest, ReadsLimits) {
  const PolicyRule rule = RuleOf(
      ParsePolicy("allow",
                  "max_lifetime = \"15m\"\n"
                  "budget = { tokens = 100, per = \"1d\", of = \"person\" }"));
  EXPECT_EQ(rule.max_lifetime, absl::Minutes(15));
  EXPECT_EQ(rule.budget, (Budget{100, absl::Hours(24), BudgetOf::kPerson}));
}

TEST(ConfigPoliciesTest, CountsPerAgentUnlessToldOtherwise) {
  const PolicyRule rule =
      RuleOf(ParsePolicy("allow", "budget = { tokens = 1, per = \"1h\" }"));
  EXPECT_EQ(rule.budget, (Budget{1, absl::Hours(1), BudgetOf::kAgent}));
}

TEST(ConfigPoliciesTest, AsksOnceWithinFiveMinutesUnlessToldOtherwise) {
  const ApprovalTerms once = {
      absl::Minutes(5), true, false, false, false, {}, {}};
  EXPECT_EQ(RuleOf(ParsePolicy("require_approval", "")).approval, once);
  EXPECT_EQ(RuleOf(ParsePolicy("require_approval", "approval = {}")).approval,
            once);
}

TEST(ConfigPoliciesTest, ReadsHowToAsk) {
  const PolicyRule rule = RuleOf(ParsePolicy(
      "require_approval",
      "approval = { expires = \"10m\", reach = [\"task\", \"hour\"], "
      "four_eyes = true, approvers = [\"00u9\"], "
      "approver_groups = [\"leads\"] }"));
  EXPECT_EQ(rule.effect, Effect::kRequireApproval);
  const ApprovalTerms terms = {absl::Minutes(10), false,    true, true, true,
                               {"00u9"},          {"leads"}};
  EXPECT_EQ(rule.approval, terms);
}

TEST(ConfigPoliciesTest, ReadsWhatGoesWithPeopleAndAgents) {
  auto config = ParsePolicy("allow", "");
  ASSERT_TRUE(config.ok()) << config.status().message();
  const Agent* agent = config->directory->FindAgent(AgentId("mailer"));
  EXPECT_EQ(agent->owner_subject, "00u1");
  EXPECT_TRUE(agent->may_relay_approvals);
  EXPECT_EQ(
      config->directory->FindTenant(TenantId("acme"))->identity.groups_claim,
      "https://acme.example.com/groups");
}

// One mistake each: a policy's effect, the line with the mistake, and what the
// message must have in it.
struct RuleMistake {
  const char* name;
  const char* effect;
  const char* line;
  const char* says;
};

class ConfigPolicyMistakeTest : public testing::TestWithParam<RuleMistake> {};

TEST_P(ConfigPolicyMistakeTest, IsReportedWithItsPlaceAndTheWayOut) {
  const RuleMistake& mistake = GetParam();
  auto config = ParsePolicy(mistake.effect, mistake.line);
  EXPECT_EQ(ReasonOf(config.status()), "CONFIG_INVALID");
  const std::string message(config.status().message());
  EXPECT_THAT(message, HasSubstr(mistake.says));
  EXPECT_THAT(message,
              testing::ContainsRegex("^test.toml:(29|3[0-9]):[0-9]+: "));
  // One mistake, one line: no others follow from it.
  EXPECT_THAT(message, Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, ConfigPolicyMistakeTest,
    testing::Values(
        RuleMistake{"Effect", "alow", "",
                    "effect is one of: allow, deny, require_approval"},
        RuleMistake{"Key", "allow", "person = [\"a\"]",
                    "did you mean \"persons\"?"},
        RuleMistake{"NoPersons", "allow", "persons = []", "persons is empty"},
        RuleMistake{"OneGroup", "allow", "groups = \"staff\"",
                    "groups wants a list of texts"},
        RuleMistake{"WildResource", "allow",
                    "resources = [\"https://api.test*\"]", "plain spelling"},
        RuleMistake{"ResourceNobodyHas", "allow",
                    "provider = \"google\"\nresources = [\"https://api.test\"]",
                    "provider google knows no resources"},
        RuleMistake{"NetworkBits", "allow", "networks = [\"10.1.2.3/16\"]",
                    "no bits set behind the prefix"},
        RuleMistake{"MappedNetwork", "allow",
                    "networks = [\"::ffff:10.0.0.0/104\"]",
                    "IPv4 ranges as they are"},
        RuleMistake{"Day", "allow",
                    "hours = { days = [\"mo\"], zone = \"UTC\" }",
                    "there is no day \"mo\"; did you mean \"mon\"?"},
        RuleMistake{"NoDays", "allow", "hours = { days = [], zone = \"UTC\" }",
                    "days is empty"},
        RuleMistake{"Clock", "allow",
                    "hours = { from = \"8:00\", zone = \"UTC\" }",
                    "from wants a time of the day"},
        RuleMistake{"LateClock", "allow",
                    "hours = { to = \"24:01\", zone = \"UTC\" }",
                    "to wants a time of the day"},
        RuleMistake{
            "NoTime", "allow",
            "hours = { from = \"08:00\", to = \"08:00\", zone = \"UTC\" }",
            "leave no time between them"},
        RuleMistake{"Zone", "allow", "hours = { zone = \"Europe/Berlln\" }",
                    "knows no such time zone"},
        RuleMistake{"PathAsZone", "allow",
                    "hours = { zone = \"/etc/localtime\" }",
                    "knows no such time zone"},
        RuleMistake{"NoZone", "allow", "hours = { from = \"08:00\" }",
                    "zone is missing"},
        RuleMistake{"ShortLifetime", "allow", "max_lifetime = \"1s\"",
                    "max_lifetime must be at least \"1m\""},
        RuleMistake{"BudgetOfNone", "allow",
                    "budget = { tokens = 0, per = \"1h\" }",
                    "tokens wants a whole number from 1"},
        RuleMistake{"BudgetWithoutTokens", "allow", "budget = { per = \"1h\" }",
                    "tokens is missing"},
        RuleMistake{"BudgetWithoutEnd", "allow", "budget = { tokens = 5 }",
                    "per is missing"},
        RuleMistake{"BudgetOfAYear", "allow",
                    "budget = { tokens = 5, per = \"365d\" }",
                    "at most \"31d\""},
        RuleMistake{"BudgetOfWhom", "allow",
                    "budget = { tokens = 5, per = \"1h\", of = \"user\" }",
                    "of is one of: agent, person, all"},
        RuleMistake{"LifetimeOfADenial", "deny", "max_lifetime = \"1h\"",
                    "a rule that denies hands out nothing"},
        RuleMistake{"BudgetOfADenial", "deny",
                    "budget = { tokens = 5, per = \"1h\" }",
                    "a rule that denies hands out nothing"},
        RuleMistake{"ApprovalOfAnAllowance", "allow", "approval = {}",
                    "approval goes with effect = \"require_approval\""},
        RuleMistake{"Reach", "require_approval",
                    "approval = { reach = [\"day\"] }",
                    "there is no reach \"day\""},
        RuleMistake{"NoReach", "require_approval", "approval = { reach = [] }",
                    "reach is empty"},
        RuleMistake{"LongQuestion", "require_approval",
                    "approval = { expires = \"25h\" }", "at most \"24h\""},
        RuleMistake{"NoApprovers", "require_approval",
                    "approval = { approvers = [] }", "approvers is empty"}),
    [](const auto& info) { return std::string(info.param.name); });

// ----------------------------------------------------------- [operators] --

absl::StatusOr<Config> ParseOperators(const std::string& lines) {
  return ParseConfig(
      {{"test.toml", absl::StrCat("[operators]\n", lines, "\n", kBegin)}},
      ParseOptions());
}

TEST(ConfigOperatorsTest, AreNobodyUnlessTheyAreThere) {
  auto config = ParsePolicy("allow", "");
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->directory->operators.has_value());
}

TEST(ConfigOperatorsTest, AreOfTheOnlyTenantUnlessOneIsNamed) {
  auto config = ParseOperators("groups = [\"vault-operators\", \"on-call\"]");
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_TRUE(config->directory->operators.has_value());
  const Operators& operators = *config->directory->operators;
  EXPECT_EQ(operators.tenant, config->directory->tenants.begin()->first);
  EXPECT_EQ(operators.groups,
            (std::vector<std::string>{"vault-operators", "on-call"}));
}

TEST(ConfigOperatorsTest, SaysWhatIsWrong) {
  for (const auto& [lines, says] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "groups names nobody"},
           {"groups = []", "groups names nobody"},
           {"groups = [\"\"]", "groups wants a list of texts"},
           {"groups = \"all\"", "groups wants a list of texts"},
           {"tenant = \"nobody\"\ngroups = [\"a\"]",
            "there is no tenant \"nobody\""},
           {"group = [\"a\"]", "did you mean \"groups\""}}) {
    const absl::Status status = ParseOperators(lines).status();
    EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID") << lines;
    EXPECT_THAT(status.message(), HasSubstr(says)) << lines;
    EXPECT_THAT(status.message(), HasSubstr("test.toml:")) << lines;
  }
}

TEST(ConfigOperatorsTest, WantsATenantWhereThereAreSeveral) {
  const std::string agent = "id = \"mailer\"\n";
  const std::string second =
      "\n[[tenants]]\nid = \"second\"\n"
      "issuer = \"https://login.second.example\"\nclient_id = \"vault\"\n";
  auto parse = [&](const std::string& lines) {
    std::string begin = kBegin;
    begin.insert(begin.find(agent) + agent.size(), "tenant = \"acme\"\n");
    return ParseConfig({{"test.toml", absl::StrCat("[operators]\n", lines, "\n",
                                                   begin, second)}},
                       ParseOptions());
  };
  EXPECT_THAT(parse("groups = [\"a\"]").status().message(),
              HasSubstr("tenant is missing: there are several, write whose"));
  auto config = parse("tenant = \"second\"\ngroups = [\"a\"]");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->directory->operators->tenant, TenantId("second"));
}

// ------------------------------------------------------ [decision_point] --

absl::StatusOr<Config> ParseDecisionPoint(const std::string& lines) {
  return ParseConfig(
      {{"test.toml", absl::StrCat("[decision_point]\n", lines, "\n", kBegin)}},
      ParseOptions());
}

TEST(ConfigDecisionPointTest, IsNoneUnlessItIsThere) {
  auto config = ParsePolicy("allow", "");
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->directory->decision_point.has_value());
}

TEST(ConfigDecisionPointTest, ReadsWhereItIs) {
  auto config = ParseDecisionPoint(
      "url = \"https://decide.example.com/pdp\"\ntimeout = \"250ms\"\n"
      "token_file = \"/etc/tokenvault/pdp\"");
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_TRUE(config->directory->decision_point.has_value());
  const DecisionPoint& point = *config->directory->decision_point;
  EXPECT_EQ(point.url, "https://decide.example.com/pdp");
  EXPECT_EQ(point.timeout, absl::Milliseconds(250));
  EXPECT_NE(point.token, nullptr);
}

TEST(ConfigDecisionPointTest, SaysWhatIsWrong) {
  for (const auto& [lines, says] :
       std::vector<std::pair<std::string, std::string>>{
           {"", "url is missing"},
           {"url = \"http://decide.example.com\"", "url must be https"},
           {"url = \"https://decide.example.com/\"", "without a slash"},
           {"url = \"https://decide.example.com?x\"", "without a slash"},
           {"url = \"https://decide.example.com\"\ntimeout = \"11s\"",
            "at most \"10s\""},
           {"url = \"https://decide.example.com\"\ntoken = \"x\"",
            "token_file"}}) {
    auto config = ParseDecisionPoint(lines);
    EXPECT_EQ(ReasonOf(config.status()), "CONFIG_INVALID") << lines;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(says));
  }
}

}  // namespace
}  // namespace tokenvault
