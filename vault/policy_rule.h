#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "oauth/address_guard.h"
#include "vault/policy_hours.h"
#include "vault/resource_pattern.h"

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

  friend bool operator==(const ApprovalTerms&, const ApprovalTerms&) = default;
};

// The terms that satisfy all of `asking`: the soonest end, the reaches that all
// of them have (once, if they share none), four eyes if any wants them, and the
// approvers that every rule with approvers names. Nothing when that leaves
// nobody to decide. `asking` is not empty; its order does not matter.
std::optional<ApprovalTerms> CombineApprovals(
    const std::vector<ApprovalTerms>& asking);

// Whose tokens a budget counts together. All are of one tenant.
enum class BudgetOf { kAgent, kPerson, kAll };

// At most `tokens` tokens in each window of `per`. Windows lie end to end since
// 1970-01-01T00:00Z, so that a restart opens no new one.
struct Budget {
  int64_t tokens = 0;
  absl::Duration per;
  BudgetOf of = BudgetOf::kAgent;

  friend bool operator==(const Budget&, const Budget&) = default;
};

// When the window that is open at `now` began.
absl::Time WindowStart(const Budget& budget, absl::Time now);

// One rule: what it says (`effect` and the terms that go with it), and of which
// requests. All conditions must hold; an empty one always does. A rule whose
// conditions hold names those of the requested scopes that are in `scopes`, or
// all of them with `any_scope`.
struct PolicyRule {
  std::string id;
  Effect effect = Effect::kDeny;
  ApprovalTerms approval;  // with kRequireApproval

  // Conditions.
  AgentId agent;
  ProviderId provider;
  ScopeSet scopes;  // as the provider names them: aliases are resolved
  bool any_scope = false;
  std::vector<std::string> persons;  // subjects at the identity provider
  std::vector<std::string> groups;   // any of them
  std::vector<ResourcePattern> resources;
  std::optional<PolicyHours> hours;
  std::vector<Cidr> networks;  // of the caller

  // Limits on what it names, not with kDeny.
  absl::Duration max_lifetime = absl::InfiniteDuration();
  std::optional<Budget> budget;
};

}  // namespace tokenvault
