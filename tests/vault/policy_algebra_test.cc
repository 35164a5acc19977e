// The algebra of policy, against a model of it that shares no line with it:
// rules and requests are sets of words, and a scope is judged by looking at
// every rule. A million requests, and what must hold of any policy.
#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "oauth/provider.h"
#include "vault/policy.h"

namespace tokenvault {
namespace {

constexpr uint64_t kSeed = 20260401;
constexpr int kPolicies = 20'000;
constexpr int kRequestsEach = 50;
// Of these, how many are also looked at for what must hold of any policy.
constexpr int kLawsEach = 5;

// ------------------------------------------------------------------- model --

enum Dimension { kAgent, kProvider, kPerson, kGroup, kResource, kHour, kNet };
constexpr int kDimensions = 7;
using Words = std::set<std::string>;
using Facts = std::array<std::optional<Words>, kDimensions>;

struct ModelRule {
  int effect = 0;  // 0 allows, 1 asks, 2 denies
  Facts wanted;    // nothing: any will do
  std::optional<Words> scopes;
};

struct ModelRequest {
  Facts known;  // nothing: not known
  Words scopes;
};

bool Share(const Words& a, const Words& b) {
  for (const std::string& word : a) {
    if (b.count(word) > 0) return true;
  }
  return false;
}

int JudgeScope(const std::vector<ModelRule>& rules, const ModelRequest& request,
               const std::string& scope) {
  int strictest = 0;
  bool named = false;
  for (const ModelRule& rule : rules) {
    if (rule.scopes.has_value() && rule.scopes->count(scope) == 0) continue;
    bool sure = true;
    bool possible = true;
    for (int i = 0; i < kDimensions; ++i) {
      if (!rule.wanted[i].has_value()) continue;
      if (!request.known[i].has_value()) {
        sure = false;
      } else if (!Share(*rule.wanted[i], *request.known[i])) {
        possible = false;
      }
    }
    if (!possible || (!sure && rule.effect == 0)) continue;
    strictest = std::max(strictest, rule.effect);
    named = named || sure;
  }
  return named ? strictest : 2;
}

int JudgeRequest(const std::vector<ModelRule>& rules,
                 const ModelRequest& request) {
  int strictest = request.scopes.empty() ? 2 : 0;
  for (const std::string& scope : request.scopes) {
    strictest = std::max(strictest, JudgeScope(rules, request, scope));
  }
  return strictest;
}

// ---------------------------------------------------------------- universe --

// Each choice as the vault has it, and the words that it is in the model.
struct Choices {
  std::vector<ResourcePattern> patterns;
  // The words of a pattern are the resources that fit; those of a resource, it.
  std::vector<Words> pattern_words;
  std::vector<std::pair<std::string, std::optional<Words>>> resources;
  std::vector<std::pair<PolicyHours, Words>> hours;
  std::vector<std::pair<absl::Time, Words>> times;
  std::vector<std::pair<Cidr, Words>> networks;
  std::vector<std::pair<std::string, std::optional<Words>>> peers;
  // A provider whose scopes have aliases, and what each of them means.
  Provider provider;
  std::vector<std::pair<std::string, std::string>> scope_names;
};

PolicyHours MakeHours(const std::vector<int>& days, int from, int to) {
  PolicyHours hours;
  for (int day : days) hours.days.set(day);
  hours.from = from * 60;
  hours.to = to * 60;
  hours.zone = absl::UTCTimeZone();
  return hours;
}

Choices MakeChoices() {
  Choices all;
  for (const auto& [pattern, fitting] :
       std::vector<std::pair<const char*, Words>>{
           {"https://r.test/a", {"a"}},
           {"https://r.test/a/*", {"a/b", "a/c"}},
           {"https://r.test/*", {"a", "a/b", "a/c", "d"}},
           {"https://s.test/d", {"s/d"}}}) {
    all.patterns.push_back(*ResourcePattern::Parse(pattern));
    all.pattern_words.push_back(fitting);
  }
  all.resources = {{"https://r.test/a/b", Words{"a/b"}},
                   {"https://r.test/a/c", Words{"a/c"}},
                   {"https://r.test/d", Words{"d"}},
                   {"https://s.test/d", Words{"s/d"}},
                   {"https://other.test/", Words{"other"}},
                   {"https://r.test/a/../d", std::nullopt},
                   {"https://R.TEST/%61", std::nullopt},
                   {"", std::nullopt}};
  // Monday is 0. An hour of the week is the word of its day and itself.
  all.hours = {{MakeHours({0}, 8, 10), {"0-8", "0-9"}},
               {MakeHours({6}, 22, 2), {"6-22", "6-23", "0-0", "0-1"}},
               {MakeHours({0, 1}, 0, 1), {"0-0", "1-0"}},
               {MakeHours({0}, 23, 1), {"0-23", "1-0"}}};
  for (int day = 0; day < 7; ++day) {
    for (int hour : {0, 1, 2, 8, 10, 22, 23}) {
      all.times.emplace_back(
          // 2026-03-30 was a Monday.
          absl::FromCivil(absl::CivilMinute(2026, 3, 30 + day, hour, 30),
                          absl::UTCTimeZone()),
          Words{std::to_string(day) + "-" + std::to_string(hour)});
    }
  }
  all.networks = {{*Cidr::Parse("10.0.0.0/8"), {"10.0.0.1", "10.9.0.1"}},
                  {*Cidr::Parse("10.9.0.0/16"), {"10.9.0.1"}},
                  {*Cidr::Parse("192.0.2.1"), {"192.0.2.1"}},
                  {*Cidr::Parse("fd00::/8"), {"fd00::1"}}};
  all.peers = {
      {"10.0.0.1", Words{"10.0.0.1"}},   {"::ffff:10.9.0.1", Words{"10.9.0.1"}},
      {"192.0.2.1", Words{"192.0.2.1"}}, {"192.0.2.2", Words{"192.0.2.2"}},
      {"fd00::1", Words{"fd00::1"}},     {"", std::nullopt}};
  all.provider.id = ProviderId("p0");
  for (const auto& [alias, value] :
       std::vector<std::pair<const char*, const char*>>{
           {"read", "https://p0.test/read"},
           {"write", "https://p0.test/write"},
           {"mail", "mail.all"},
           {"", "openid"}}) {
    ScopeInfo scope;
    scope.alias = alias;
    scope.value = value;
    all.provider.scopes.push_back(scope);
    all.scope_names.emplace_back(value, value);
    if (*alias != '\0') all.scope_names.emplace_back(alias, value);
  }
  return all;
}

class PolicyAlgebraTest : public testing::Test {
 protected:
  int Below(int end) { return static_cast<int>(random_() % end); }
  bool Once(int in) { return Below(in) == 0; }
  template <typename T>
  const T& Any(const std::vector<T>& from) {
    return from[Below(static_cast<int>(from.size()))];
  }

  // Some scopes by any of their names: resolved as the vault does, and by the
  // table above.
  std::pair<ScopeSet, Words> SomeScopes(int at_most) {
    std::vector<std::string> names;
    Words values;
    for (int i = Below(at_most + 1); i > 0; --i) {
      const auto& [name, value] = Any(choices_.scope_names);
      names.push_back(name);
      values.insert(value);
    }
    auto resolved = choices_.provider.ResolveScopes(ScopeSet(names));
    EXPECT_TRUE(resolved.ok());
    return {*resolved, values};
  }

  void AddRule() {
    PolicyRule rule;
    ModelRule model;
    // Rules whose id sorts in another order than they were made in.
    rule.id =
        "r" + std::to_string(Below(1000)) + "-" + std::to_string(rules_.size());
    model.effect = Once(2) ? 0 : Below(3);
    rule.effect = std::array{Effect::kAllow, Effect::kRequireApproval,
                             Effect::kDeny}[model.effect];
    if (Once(2)) {
      rule.agent = AgentId(Any(agents_));
      model.wanted[kAgent] = Words{rule.agent.value};
    }
    if (Once(2)) {
      rule.provider = ProviderId(Any(providers_));
      model.wanted[kProvider] = Words{rule.provider.value};
    }
    if (Once(3)) {
      rule.any_scope = true;
    } else {
      std::tie(rule.scopes, model.scopes) = SomeScopes(3);
    }
    if (Once(6)) {
      rule.persons = {Any(persons_), Any(persons_)};
      model.wanted[kPerson] = Words(rule.persons.begin(), rule.persons.end());
    }
    if (Once(6)) {
      rule.groups = {Any(groups_), Any(groups_)};
      model.wanted[kGroup] = Words(rule.groups.begin(), rule.groups.end());
    }
    if (Once(6)) {
      model.wanted[kResource] = Words();
      for (int i = 0; i < 2; ++i) {
        const int which = Below(static_cast<int>(choices_.patterns.size()));
        rule.resources.push_back(choices_.patterns[which]);
        model.wanted[kResource]->insert(choices_.pattern_words[which].begin(),
                                        choices_.pattern_words[which].end());
      }
    }
    if (Once(6)) {
      std::tie(rule.hours, model.wanted[kHour]) = Any(choices_.hours);
    }
    if (Once(6)) {
      const auto& [network, words] = Any(choices_.networks);
      rule.networks = {network};
      model.wanted[kNet] = words;
    }
    rules_.push_back(std::move(rule));
    model_.push_back(std::move(model));
  }

  void MakeRules() {
    rules_.clear();
    model_.clear();
    for (int i = 1 + Below(6); i > 0; --i) AddRule();
  }

  void MakeRequest() {
    request_ = PolicyRequest();
    asked_ = ModelRequest();
    request_.agent = AgentId(Any(agents_));
    asked_.known[kAgent] = Words{request_.agent.value};
    request_.provider = ProviderId(Any(providers_));
    asked_.known[kProvider] = Words{request_.provider.value};
    std::tie(request_.scopes, asked_.scopes) = SomeScopes(3);
    if (!Once(5)) {
      request_.person = Any(persons_);
      asked_.known[kPerson] = Words{request_.person};
    }
    if (!Once(5)) {
      request_.groups.emplace();
      for (int i = Below(3); i > 0; --i) {
        request_.groups->push_back(Any(groups_));
      }
      asked_.known[kGroup] =
          Words(request_.groups->begin(), request_.groups->end());
    }
    std::tie(request_.resource, asked_.known[kResource]) =
        Any(choices_.resources);
    if (!Once(8)) {
      std::tie(request_.time, asked_.known[kHour]) = Any(choices_.times);
    }
    const auto& [peer, words] = Any(choices_.peers);
    request_.peer = PeerAddress(peer);
    asked_.known[kNet] = words;
  }

  Effect Decide(const std::vector<PolicyRule>& rules) {
    return Policy(rules).Decide(request_).effect;
  }
  // Rule by rule, for whoever reads a failure.
  std::string Explain() {
    std::string text;
    for (const RuleVerdict& verdict : Policy(rules_).Explain(request_).rules) {
      text += verdict.rule + (verdict.matched ? " matched " : " no ") +
              verdict.why + "\n";
    }
    return text;
  }

  const Choices choices_ = MakeChoices();
  const std::vector<std::string> agents_ = {"a0", "a1"};
  const std::vector<std::string> providers_ = {"p0", "p1"};
  const std::vector<std::string> persons_ = {"ana", "ben", "cleo"};
  const std::vector<std::string> groups_ = {"g0", "g1", "g2"};
  std::mt19937_64 random_{kSeed};
  std::vector<PolicyRule> rules_;
  std::vector<ModelRule> model_;
  PolicyRequest request_;
  ModelRequest asked_;
};

TEST_F(PolicyAlgebraTest, DecidesAsTheModelDoes) {
  std::array<int, 3> seen = {};
  for (int i = 0; i < kPolicies; ++i) {
    MakeRules();
    const Policy policy(rules_);
    for (int j = 0; j < kRequestsEach; ++j) {
      MakeRequest();
      const auto expected = JudgeRequest(model_, asked_);
      const auto decided = static_cast<int>(policy.Decide(request_).effect);
      ++seen[decided];
      ASSERT_EQ(decided, expected)
          << "seed " << kSeed << ", policy " << i << ", request " << j << "\n"
          << Explain();
    }
  }
  std::cout << "seed " << kSeed << ": " << seen[0] << " allowed, " << seen[1]
            << " asked, " << seen[2] << " denied\n";
  EXPECT_GE(seen[0] + seen[1] + seen[2], 1'000'000);
  // A million denials would prove little.
  for (int count : seen) EXPECT_GT(count, 20'000);
}

TEST_F(PolicyAlgebraTest, KeepsItsLaws) {
  for (int i = 0; i < kPolicies; ++i) {
    MakeRules();
    for (int j = 0; j < kLawsEach; ++j) {
      MakeRequest();
      const Effect effect = Decide(rules_);
      const std::string where = "seed " + std::to_string(kSeed) + ", policy " +
                                std::to_string(i) + "\n";

      std::vector<PolicyRule> others = rules_;
      std::shuffle(others.begin(), others.end(), random_);
      ASSERT_EQ(Decide(others), effect) << where << "order mattered";

      // The condition of any rule will do for one more that denies or asks.
      PolicyRule more = Any(rules_);
      more.id = "more";
      for (Effect stricter : {Effect::kDeny, Effect::kRequireApproval}) {
        more.effect = stricter;
        others = rules_;
        others.push_back(more);
        // One that asks also names what was not named: that is what it is for.
        if (stricter == Effect::kDeny || effect != Effect::kDeny) {
          ASSERT_GE(Decide(others), effect) << where << "a rule widened";
        }
      }

      others = rules_;
      const int out = Below(static_cast<int>(others.size()));
      if (others[out].effect == Effect::kAllow) {
        others.erase(others.begin() + out);
        ASSERT_GE(Decide(others), effect) << where << "less allowed more";
      }

      std::vector<std::string> fewer = request_.scopes.values();
      if (fewer.size() > 1) {
        fewer.erase(fewer.begin() + Below(static_cast<int>(fewer.size())));
        const PolicyRequest asked = request_;
        request_.scopes = ScopeSet(fewer);
        ASSERT_LE(Decide(rules_), effect) << where << "fewer was stricter";
        request_ = asked;
      }

      // To know less of who asks never helps them.
      PolicyRequest asked = request_;
      (Once(2) ? request_.person : request_.resource).clear();
      if (Once(2)) request_.groups.reset();
      if (Once(2)) request_.peer.reset();
      if (Once(2)) request_.time.reset();
      const Effect unknown = Decide(rules_);
      request_ = std::move(asked);
      ASSERT_GE(unknown, effect) << where << "hiding a fact widened";
    }
  }
}

TEST_F(PolicyAlgebraTest, IsSteadyOnlyWhereTheMomentDoesNotMatter) {
  for (int i = 0; i < kPolicies; ++i) {
    MakeRules();
    const Policy policy(rules_);
    MakeRequest();
    const Decision before = policy.Decide(request_);
    if (!before.steady) continue;
    const PolicyRequest asked = request_;
    MakeRequest();
    request_.agent = asked.agent;
    request_.provider = asked.provider;
    request_.scopes = asked.scopes;
    request_.person = asked.person;
    request_.resource = asked.resource;
    const Decision after = policy.Decide(request_);
    ASSERT_EQ(after.effect, before.effect) << "seed " << kSeed << " " << i;
    ASSERT_TRUE(after.steady);
  }
}

}  // namespace
}  // namespace tokenvault
