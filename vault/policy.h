#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"

namespace tokenvault {

// Strictest last. A request gets the strictest effect over its scopes.
enum class Effect { kAllow, kRequireApproval, kDeny };

// How a person is asked, by a rule with effect require_approval.
struct ApprovalTerms {
  absl::Duration expires = absl::Minutes(5);  // of the question
  // How far a yes may go.
  bool once = true;
  bool task = false;
  bool hour = false;
  // Neither the agent's owner nor the person whose account it is decides.
  bool four_eyes = false;
  // Who else may decide: subjects at the tenant's identity provider, and groups
  // as it claims them. With neither, the person whose account it is.
  std::vector<std::string> approvers;
  std::vector<std::string> approver_groups;
};

// One rule. It names a request for a scope if agent and provider match (empty
// matches all) and the scope is in `scopes` (or `any_scope`).
struct PolicyRule {
  std::string id;
  Effect effect = Effect::kDeny;
  AgentId agent;        // empty: every agent
  ProviderId provider;  // empty: every provider
  ScopeSet scopes;      // as the provider names them: aliases are resolved
  bool any_scope = false;
  ApprovalTerms approval;  // with kRequireApproval
};

struct PolicyRequest {
  AgentId agent;
  ProviderId provider;
  ScopeSet scopes;
};

struct Decision {
  Effect effect = Effect::kDeny;
  std::string rule;  // "" when no rule names the deciding scope
  // The shortest that a rule which names the request sets.
  absl::Duration max_lifetime = absl::InfiniteDuration();
  ApprovalTerms approval;  // with kRequireApproval: of all rules that ask
};

struct Explanation {
  Decision decision;
  std::vector<std::string> trace;  // one line a rule
};

// Who may ask for what. Pure and immutable, so thread-safe.
//
// Each requested scope is judged alone, by the strictest rule that names it:
// deny, then require_approval, then allow; a scope that no rule names is
// denied. The request gets the strictest of those verdicts. The order of rules
// never matters, and a request for no scopes is denied.
class Policy {
 public:
  Policy() = default;
  explicit Policy(std::vector<PolicyRule> rules);

  Decision Decide(const PolicyRequest& request) const;
  // The same decision, with what each rule had to say.
  Explanation Explain(const PolicyRequest& request) const;

  // Null when there is none.
  const PolicyRule* FindRule(const std::string& id) const;
  const std::vector<PolicyRule>& rules() const { return rules_; }

 private:
  std::vector<PolicyRule> rules_;  // sorted by id
};

}  // namespace tokenvault
