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

// One rule. It names a request for a scope if agent and provider match (empty
// matches all) and the scope is in `scopes` (or `any_scope`).
struct PolicyRule {
  std::string id;
  Effect effect = Effect::kDeny;
  AgentId agent;        // empty: every agent
  ProviderId provider;  // empty: every provider
  ScopeSet scopes;      // as the provider names them: aliases are resolved
  bool any_scope = false;
};

struct PolicyRequest {
  AgentId agent;
  ProviderId provider;
  ScopeSet scopes;
};

struct Decision {
  Effect effect = Effect::kDeny;
  std::string rule;  // "" when no rule names the deciding scope
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

  const std::vector<PolicyRule>& rules() const { return rules_; }

 private:
  std::vector<PolicyRule> rules_;  // sorted by id
};

}  // namespace tokenvault
