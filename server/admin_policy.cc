#include "server/admin_policy.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

v1::PolicyEffect ToProtoEffect(Effect effect) {
  switch (effect) {
    case Effect::kAllow:
      return v1::POLICY_EFFECT_ALLOW;
    case Effect::kDeny:
      return v1::POLICY_EFFECT_DENY;
    case Effect::kRequireApproval:
      return v1::POLICY_EFFECT_REQUIRE_APPROVAL;
  }
  return v1::POLICY_EFFECT_UNSPECIFIED;
}

// The older enumeration of the same, with the same numbers.
v1::EvaluatePolicyResponse::Effect ToAnswerEffect(Effect effect) {
  return static_cast<v1::EvaluatePolicyResponse::Effect>(ToProtoEffect(effect));
}

v1::ApprovalTerms ToProto(const ApprovalTerms& terms) {
  v1::ApprovalTerms proto;
  *proto.mutable_expires() = ToDuration(terms.expires);
  if (terms.once) proto.add_reach("once");
  if (terms.task) proto.add_reach("task");
  if (terms.hour) proto.add_reach("hour");
  proto.set_four_eyes(terms.four_eyes);
  for (const std::string& who : terms.approvers) proto.add_approvers(who);
  for (const std::string& group : terms.approver_groups) {
    proto.add_approver_groups(group);
  }
  return proto;
}

absl::string_view WordFor(BudgetOf of) {
  switch (of) {
    case BudgetOf::kAgent:
      return "agent";
    case BudgetOf::kPerson:
      return "person";
    case BudgetOf::kAll:
      return "all";
  }
  return "agent";
}

v1::PolicyBudget ToProto(const std::string& rule, const Budget& budget) {
  v1::PolicyBudget proto;
  proto.set_rule(rule);
  proto.set_tokens(budget.tokens);
  *proto.mutable_per() = ToDuration(budget.per);
  proto.set_of(std::string(WordFor(budget.of)));
  return proto;
}

// What policy is asked about, and what only the people of a budget need.
struct ReadQuestion {
  PolicyRequest policy;
  TenantId tenant;
};

absl::StatusOr<ReadQuestion> Read(const Directory& directory,
                                  const v1::EvaluatePolicyRequest& request,
                                  absl::Time now) {
  ReadQuestion question;
  PolicyRequest& asked = question.policy;
  ASSIGN_OR_RETURN(asked.agent, ReadAgentName("agent", request.agent()));
  const Agent* agent = directory.FindAgent(asked.agent);
  if (agent == nullptr) return errors::ResourceDenied(AgentName(asked.agent));
  question.tenant = agent->tenant;
  const v1::GetScopedTokenRequest& token = request.request();
  ASSIGN_OR_RETURN(asked.provider,
                   ReadProviderName("request.provider", token.provider()));
  const Provider* provider = directory.FindProvider(asked.provider);
  if (provider == nullptr) {
    return errors::ResourceDenied(ProviderName(asked.provider));
  }
  ASSIGN_OR_RETURN(ScopeSet names, ReadScopes(token.scopes()));
  ASSIGN_OR_RETURN(asked.scopes, provider->ResolveScopes(names));
  RETURN_IF_ERROR(CheckResource(token.resource()));
  asked.resource = token.resource().empty() ? provider->protected_resource
                                            : token.resource();
  asked.person = token.subject().user_id();
  if (request.has_groups()) {
    asked.groups.emplace(request.groups().names().begin(),
                         request.groups().names().end());
  }
  if (!request.address().empty()) {
    asked.peer = PeerAddress(request.address());
    if (!asked.peer.has_value()) {
      return errors::FieldInvalid("address", "must be an IP address");
    }
  }
  asked.time = now;
  if (request.has_time()) {
    asked.time = absl::FromUnixSeconds(request.time().seconds()) +
                 absl::Nanoseconds(request.time().nanos());
  }
  return question;
}

// How much is left of it now; unset where it counts a person who is not named.
absl::StatusOr<v1::PolicyBudget> Left(const BudgetUse& use,
                                      const ReadQuestion& question,
                                      const Erasure& people, const Store& store,
                                      absl::Time now) {
  v1::PolicyBudget proto = ToProto(use.rule, use.budget);
  const absl::Time start = WindowStart(use.budget, now);
  *proto.mutable_window_end_time() = ToTimestamp(start + use.budget.per);
  AgentId agent;
  UserId user;
  if (use.budget.of == BudgetOf::kAgent) agent = question.policy.agent;
  if (use.budget.of == BudgetOf::kPerson) {
    if (question.policy.person.empty()) return proto;
    ASSIGN_OR_RETURN(std::vector<Subject> known,
                     people.FindByIdentity(question.policy.person));
    for (const Subject& person : known) {
      if (person.tenant == question.tenant) user = person.user;
    }
    // Of whom nothing is kept, nothing was counted.
    if (user.empty()) {
      proto.set_left(use.budget.tokens);
      return proto;
    }
  }
  absl::StatusOr<PolicyUse> used =
      store.GetPolicyUse(question.tenant, use.rule, agent, user);
  if (!used.ok() && !HasReason(used.status(), "NOT_FOUND")) {
    return used.status();
  }
  const bool counts = used.ok() && used->window_start >= start;
  proto.set_left(
      std::max<int64_t>(0, use.budget.tokens - (counts ? used->used : 0)));
  return proto;
}

v1::PolicyRule ToProto(const PolicyRule& rule) {
  v1::PolicyRule proto;
  proto.set_name(absl::StrCat("policies/", rule.id));
  proto.set_effect(ToProtoEffect(rule.effect));
  if (!rule.agent.empty()) proto.set_agent(AgentName(rule.agent));
  if (!rule.provider.empty()) proto.set_provider(ProviderName(rule.provider));
  if (rule.any_scope) proto.add_scopes("*");
  for (const std::string& scope : rule.scopes) proto.add_scopes(scope);
  for (const std::string& person : rule.persons) proto.add_persons(person);
  for (const std::string& group : rule.groups) proto.add_groups(group);
  for (const ResourcePattern& resource : rule.resources) {
    proto.add_resources(resource.text());
  }
  if (rule.hours.has_value()) proto.set_hours(rule.hours->ToString());
  for (const Cidr& network : rule.networks) {
    proto.add_networks(network.ToString());
  }
  if (rule.max_lifetime < absl::InfiniteDuration()) {
    *proto.mutable_max_lifetime() = ToDuration(rule.max_lifetime);
  }
  if (rule.budget.has_value()) {
    *proto.mutable_budget() = ToProto(rule.id, *rule.budget);
  }
  if (rule.effect == Effect::kRequireApproval) {
    *proto.mutable_approval() = ToProto(rule.approval);
  }
  return proto;
}

}  // namespace

absl::StatusOr<v1::EvaluatePolicyResponse> EvaluatePolicy(
    const Directory& directory, const Erasure& people, const Store& store,
    absl::Time now, const v1::EvaluatePolicyRequest& request) {
  ASSIGN_OR_RETURN(const ReadQuestion question, Read(directory, request, now));
  const Explanation explained = directory.policy.Explain(question.policy);
  const Decision& decision = explained.decision;
  v1::EvaluatePolicyResponse response;
  response.set_effect(ToAnswerEffect(decision.effect));
  response.set_rule(decision.rule);
  for (const RuleVerdict& verdict : explained.rules) {
    response.add_trace(absl::StrCat(
        verdict.rule, verdict.matched ? "   matched   " : "   no        ",
        verdict.why));
    v1::PolicyVerdict& proto = *response.add_rules();
    proto.set_rule(verdict.rule);
    proto.set_effect(ToProtoEffect(verdict.effect));
    proto.set_matched(verdict.matched);
    proto.set_why(verdict.why);
  }
  if (decision.effect == Effect::kDeny) return response;
  if (decision.effect == Effect::kRequireApproval) {
    *response.mutable_approval() = ToProto(decision.approval);
  }
  if (decision.max_lifetime < absl::InfiniteDuration()) {
    *response.mutable_max_lifetime() = ToDuration(decision.max_lifetime);
    response.set_lifetime_rule(decision.lifetime_rule);
  }
  for (const BudgetUse& use : decision.budgets) {
    ASSIGN_OR_RETURN(*response.add_budgets(),
                     Left(use, question, people, store, now));
  }
  response.set_decision_point(directory.decision_point.has_value());
  return response;
}

absl::StatusOr<v1::ListPoliciesResponse> ListPolicies(
    const Directory& directory, const v1::ListPoliciesRequest& request) {
  ASSIGN_OR_RETURN(const int size, ReadPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string after,
                   ReadPageToken(request.page_token()));
  v1::ListPoliciesResponse response;
  std::string last;
  for (const PolicyRule& rule : directory.policy.rules()) {
    if (!after.empty() && rule.id <= after) continue;
    if (response.policies_size() == size) {
      response.set_next_page_token(MakePageToken(last));
      break;
    }
    *response.add_policies() = ToProto(rule);
    last = rule.id;
  }
  return response;
}

}  // namespace tokenvault
