#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "oauth/address_guard.h"
#include "vault/fit.h"
#include "vault/policy_rule.h"

namespace tokenvault {

// Who asks for what. What is not known is empty, and judged strictly: a rule
// that allows must be sure, one that asks or denies need not be.
struct PolicyRequest {
  AgentId agent;
  ProviderId provider;
  ScopeSet scopes;
  std::string person;  // the subject at the identity provider
  std::optional<std::vector<std::string>> groups;  // as it vouches for them
  std::string resource;
  std::optional<IpAddress> peer;  // PeerAddress
  std::optional<absl::Time> time;
};

// A caller's address as rules see it: an IPv4 address that came in through an
// IPv6 socket is IPv4. Nothing for what is no address.
std::optional<IpAddress> PeerAddress(absl::string_view text);

// How all conditions of the rule fit, and those alone that stay as they are
// while agent, provider, scopes, person and resource do.
Fit FitOf(const PolicyRule& rule, const PolicyRequest& request);
Fit LastingFitOf(const PolicyRule& rule, const PolicyRequest& request);
// Whether it has others: then its answer is one for this moment.
bool HasPassingConditions(const PolicyRule& rule);

// Whether a rule takes part in the decision, given how its conditions fit.
bool Counts(Effect effect, Fit fit);

// In words, why it does or why it does not: the conditions that hold ("agent,
// provider, scopes"), or the first that does not, or is not known to.
std::string ExplainFit(const PolicyRule& rule, const PolicyRequest& request);

}  // namespace tokenvault
