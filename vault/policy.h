#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/ids.h"
#include "vault/policy_match.h"
#include "vault/policy_rule.h"

namespace tokenvault {

// A budget that a token comes out of.
struct BudgetUse {
  std::string rule;
  Budget budget;

  friend bool operator==(const BudgetUse&, const BudgetUse&) = default;
};

struct Decision {
  Effect effect = Effect::kDeny;
  // The one that decided, the first by id of several; "" when one of the scopes
  // is named by none.
  std::string rule;
  // Limits of all rules that name the request bind together; none with kDeny.
  absl::Duration max_lifetime = absl::InfiniteDuration();
  std::string lifetime_rule;       // that sets it
  std::vector<BudgetUse> budgets;  // by rule id: each counts
  ApprovalTerms approval;  // with kRequireApproval: of all rules that ask
  std::vector<std::string> asking;  // those, by id
  // It will be the same for this agent, provider, scopes, person and resource
  // for as long as this policy is in force, and needs no counting: only then
  // may it be remembered.
  bool steady = true;
};

// What one rule had to say.
struct RuleVerdict {
  std::string rule;
  Effect effect = Effect::kDeny;
  bool matched = false;
  std::string why;  // the conditions that hold, or the first that does not
};

struct Explanation {
  Decision decision;
  std::vector<RuleVerdict> rules;  // by id
};

// Who may ask for what. Pure and immutable, so thread-safe.
//
// Each requested scope is judged alone, by the strictest rule that names it:
// deny, then require_approval, then allow; a scope that no rule names is
// denied. The request gets the strictest of those verdicts. The order of rules
// never matters, and a request for no scopes is denied.
//
// Where a fact is missing that a rule looks at, a rule that allows names
// nothing; one that asks or denies is obeyed, and still is none that names the
// scope: not to know something never helps.
class Policy {
 public:
  Policy() = default;
  explicit Policy(std::vector<PolicyRule> rules);

  Decision Decide(const PolicyRequest& request) const;
  // The same decision, with what each rule had to say.
  Explanation Explain(const PolicyRequest& request) const;
  // Whether there are a person, an hour and a place for which this would not be
  // denied: for asking a person ahead of time.
  bool CouldAllow(const AgentId& agent, const ProviderId& provider,
                  const ScopeSet& scopes) const;

  // Null when there is none.
  const PolicyRule* FindRule(const std::string& id) const;
  const std::vector<PolicyRule>& rules() const { return rules_; }

 private:
  std::vector<PolicyRule> rules_;  // sorted by id
};

}  // namespace tokenvault
