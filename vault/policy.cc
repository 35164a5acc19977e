#include "vault/policy.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace tokenvault {
namespace {

using MatchingRules = std::vector<const PolicyRule*>;

// Whether some rule names each of the scopes. All of `rules` name one.
bool NameAll(const MatchingRules& rules, const ScopeSet& scopes) {
  return std::all_of(scopes.begin(), scopes.end(), [&](const auto& scope) {
    return std::any_of(rules.begin(), rules.end(), [&](const auto* rule) {
      return rule->any_scope || rule->scopes.Contains(scope);
    });
  });
}

Decision Denied(const std::string& rule, bool steady) {
  Decision decision;
  decision.rule = rule;
  decision.steady = steady;
  return decision;
}

// What all of `rules` together say, of which none denies.
Decision Combine(const MatchingRules& rules, Decision decision) {
  std::vector<ApprovalTerms> asking;
  for (const PolicyRule* rule : rules) {
    if (rule->effect == Effect::kRequireApproval) {
      asking.push_back(rule->approval);
      decision.asking.push_back(rule->id);
    }
    if (rule->max_lifetime < decision.max_lifetime) {
      decision.max_lifetime = rule->max_lifetime;
      decision.lifetime_rule = rule->id;
    }
    if (rule->budget.has_value()) {
      decision.budgets.push_back({rule->id, *rule->budget});
      decision.steady = false;
    }
  }
  if (asking.empty()) return decision;
  std::optional<ApprovalTerms> terms = CombineApprovals(asking);
  // Who must be asked is nobody.
  if (!terms.has_value()) return Denied(decision.rule, decision.steady);
  decision.approval = *std::move(terms);
  return decision;
}

}  // namespace

Policy::Policy(std::vector<PolicyRule> rules) : rules_(std::move(rules)) {
  std::sort(
      rules_.begin(), rules_.end(),
      [](const PolicyRule& a, const PolicyRule& b) { return a.id < b.id; });
}

Decision Policy::Decide(const PolicyRequest& request) const {
  Decision decision;
  MatchingRules matching;
  MatchingRules sure;
  const PolicyRule* strictest = nullptr;
  for (const PolicyRule& rule : rules_) {
    // It has nothing to say of such requests, now or later.
    if (LastingFitOf(rule, request) == Fit::kNo) continue;
    if (HasPassingConditions(rule)) decision.steady = false;
    const Fit fit = FitOf(rule, request);
    if (!Counts(rule.effect, fit)) continue;
    matching.push_back(&rule);
    if (fit == Fit::kYes) sure.push_back(&rule);
    if (strictest == nullptr || rule.effect > strictest->effect) {
      strictest = &rule;
    }
  }
  if (request.scopes.empty() || !NameAll(sure, request.scopes)) {
    return Denied("", decision.steady);
  }
  // Each of these names one of the scopes, so the strictest of them is the
  // strictest over all scopes.
  decision.effect = strictest->effect;
  decision.rule = strictest->id;
  if (decision.effect == Effect::kDeny) return decision;
  return Combine(matching, std::move(decision));
}

bool Policy::CouldAllow(const AgentId& agent, const ProviderId& provider,
                        const ScopeSet& scopes) const {
  MatchingRules matching;
  for (const PolicyRule& rule : rules_) {
    if ((!rule.agent.empty() && rule.agent != agent) ||
        (!rule.provider.empty() && rule.provider != provider) ||
        (!rule.any_scope && rule.scopes.Intersection(scopes).empty())) {
      continue;
    }
    if (rule.effect != Effect::kDeny) {
      matching.push_back(&rule);
    } else if (!HasPassingConditions(rule) && rule.persons.empty() &&
               rule.resources.empty()) {
      return false;
    }
  }
  return !scopes.empty() && NameAll(matching, scopes);
}

const PolicyRule* Policy::FindRule(const std::string& id) const {
  for (const PolicyRule& rule : rules_) {
    if (rule.id == id) return &rule;
  }
  return nullptr;
}

Explanation Policy::Explain(const PolicyRequest& request) const {
  Explanation explanation{Decide(request), {}};
  for (const PolicyRule& rule : rules_) {
    RuleVerdict verdict;
    verdict.rule = rule.id;
    verdict.effect = rule.effect;
    verdict.matched = Counts(rule.effect, FitOf(rule, request));
    verdict.why = ExplainFit(rule, request);
    explanation.rules.push_back(std::move(verdict));
  }
  return explanation;
}

}  // namespace tokenvault
