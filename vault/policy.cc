#include "vault/policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace {

// "" when the rule names this request for some scope; else the first reason why
// it does not.
std::string WhyNot(const PolicyRule& rule, const PolicyRequest& request) {
  if (!rule.agent.empty() && rule.agent != request.agent) {
    return absl::StrCat("agent: ", request.agent.value, " is not ",
                        rule.agent.value);
  }
  if (!rule.provider.empty() && rule.provider != request.provider) {
    return absl::StrCat("provider: ", request.provider.value, " is not ",
                        rule.provider.value);
  }
  if (!rule.any_scope && rule.scopes.Intersection(request.scopes).empty()) {
    return absl::StrCat("scopes: ", request.scopes.ToString(", "), " not in [",
                        rule.scopes.ToString(", "), "]");
  }
  return "";
}

bool Names(const PolicyRule& rule, const PolicyRequest& request,
           const std::string& scope) {
  return WhyNot(rule, request).empty() &&
         (rule.any_scope || rule.scopes.Contains(scope));
}

}  // namespace

Policy::Policy(std::vector<PolicyRule> rules) : rules_(std::move(rules)) {
  std::sort(
      rules_.begin(), rules_.end(),
      [](const PolicyRule& a, const PolicyRule& b) { return a.id < b.id; });
}

Decision Policy::Decide(const PolicyRequest& request) const {
  if (request.scopes.empty()) return {};
  Decision strictest;
  strictest.effect = Effect::kAllow;
  bool first = true;
  for (const std::string& scope : request.scopes) {
    Decision verdict;  // denied, unless a rule names the scope
    bool named = false;
    for (const PolicyRule& rule : rules_) {
      if (!Names(rule, request, scope)) continue;
      if (!named || rule.effect > verdict.effect) {
        verdict.effect = rule.effect;
        verdict.rule = rule.id;
        verdict.approval = rule.approval;
      }
      named = true;
    }
    if (!named) return {};
    if (first || verdict.effect > strictest.effect) strictest = verdict;
    first = false;
  }
  return strictest;
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
    std::string why_not = WhyNot(rule, request);
    explanation.trace.push_back(
        why_not.empty() ? absl::StrCat(rule.id, "   matched")
                        : absl::StrCat(rule.id, "   no        ", why_not));
  }
  return explanation;
}

}  // namespace tokenvault
