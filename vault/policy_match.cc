#include "vault/policy_match.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tokenvault {
namespace {

Fit ToFit(bool fits) { return fits ? Fit::kYes : Fit::kNo; }

bool IsOneOf(const std::string& name, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// One kind of condition. Where the rule has it, how it fits, and what to say
// when it does not.
struct Condition {
  absl::string_view name;
  bool lasting;
  bool (*is_set)(const PolicyRule&);
  Fit (*fit)(const PolicyRule&, const PolicyRequest&);
  std::string (*mismatch)(const PolicyRule&, const PolicyRequest&);
};

constexpr Condition kConditions[] = {
    {"agent", true, [](const PolicyRule& rule) { return !rule.agent.empty(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return ToFit(rule.agent == request.agent);
     },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return absl::StrCat(request.agent.value, " is not ", rule.agent.value);
     }},
    {"provider", true,
     [](const PolicyRule& rule) { return !rule.provider.empty(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return ToFit(rule.provider == request.provider);
     },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return absl::StrCat(request.provider.value, " is not ",
                           rule.provider.value);
     }},
    {"scopes", true, [](const PolicyRule& rule) { return !rule.any_scope; },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return ToFit(std::any_of(request.scopes.begin(), request.scopes.end(),
                                [&](const std::string& scope) {
                                  return rule.scopes.Contains(scope);
                                }));
     },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return absl::StrCat(request.scopes.ToString(", "), " not in [",
                           rule.scopes.ToString(", "), "]");
     }},
    {"persons", true,
     [](const PolicyRule& rule) { return !rule.persons.empty(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return request.person.empty()
                  ? Fit::kUnknown
                  : ToFit(IsOneOf(request.person, rule.persons));
     },
     [](const PolicyRule&, const PolicyRequest& request) {
       return absl::StrCat(request.person, " is none of them");
     }},
    {"groups", false,
     [](const PolicyRule& rule) { return !rule.groups.empty(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       if (!request.groups.has_value()) return Fit::kUnknown;
       return ToFit(std::any_of(request.groups->begin(), request.groups->end(),
                                [&](const std::string& group) {
                                  return IsOneOf(group, rule.groups);
                                }));
     },
     [](const PolicyRule& rule, const PolicyRequest&) {
       return absl::StrCat("in none of [", absl::StrJoin(rule.groups, ", "),
                           "]");
     }},
    {"resources", true,
     [](const PolicyRule& rule) { return !rule.resources.empty(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       Fit best = Fit::kNo;
       for (const ResourcePattern& pattern : rule.resources) {
         best = std::max(best, pattern.FitOf(request.resource));
       }
       return best;
     },
     [](const PolicyRule&, const PolicyRequest& request) {
       return absl::StrCat(request.resource, " is none of them");
     }},
    {"hours", false,
     [](const PolicyRule& rule) { return rule.hours.has_value(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return request.time.has_value()
                  ? ToFit(rule.hours->Contain(*request.time))
                  : Fit::kUnknown;
     },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       return absl::StrCat(rule.hours->WallClock(*request.time), " is not in ",
                           rule.hours->ToString());
     }},
    {"networks", false,
     [](const PolicyRule& rule) { return !rule.networks.empty(); },
     [](const PolicyRule& rule, const PolicyRequest& request) {
       if (!request.peer.has_value()) return Fit::kUnknown;
       return ToFit(std::any_of(
           rule.networks.begin(), rule.networks.end(),
           [&](const Cidr& range) { return range.Contains(*request.peer); }));
     },
     [](const PolicyRule&, const PolicyRequest&) {
       return std::string("the caller's address is in none of them");
     }},
};

Fit WorstOf(const PolicyRule& rule, const PolicyRequest& request,
            bool lasting_only) {
  Fit worst = Fit::kYes;
  for (const Condition& condition : kConditions) {
    if (lasting_only && !condition.lasting) continue;
    if (!condition.is_set(rule)) continue;
    worst = std::min(worst, condition.fit(rule, request));
    if (worst == Fit::kNo) break;
  }
  return worst;
}

}  // namespace

std::optional<IpAddress> PeerAddress(absl::string_view text) {
  auto address = IpAddress::Parse(text);
  if (!address.ok()) return std::nullopt;
  const std::string mapped = std::string(10, '\0') + "\xff\xff";
  if (address->bytes.size() == 16 && absl::StartsWith(address->bytes, mapped)) {
    return IpAddress{address->bytes.substr(mapped.size())};
  }
  return *std::move(address);
}

Fit FitOf(const PolicyRule& rule, const PolicyRequest& request) {
  return WorstOf(rule, request, /*lasting_only=*/false);
}

Fit LastingFitOf(const PolicyRule& rule, const PolicyRequest& request) {
  return WorstOf(rule, request, /*lasting_only=*/true);
}

bool HasPassingConditions(const PolicyRule& rule) {
  return std::any_of(std::begin(kConditions), std::end(kConditions),
                     [&](const Condition& condition) {
                       return !condition.lasting && condition.is_set(rule);
                     });
}

bool Counts(Effect effect, Fit fit) {
  return effect == Effect::kAllow ? fit == Fit::kYes : fit != Fit::kNo;
}

std::string ExplainFit(const PolicyRule& rule, const PolicyRequest& request) {
  std::vector<absl::string_view> holding;
  absl::string_view unknown;
  for (const Condition& condition : kConditions) {
    if (!condition.is_set(rule)) continue;
    const Fit fit = condition.fit(rule, request);
    if (fit == Fit::kNo) {
      return absl::StrCat(condition.name, ": ",
                          condition.mismatch(rule, request));
    }
    if (fit == Fit::kUnknown && unknown.empty()) unknown = condition.name;
    holding.push_back(condition.name);
  }
  if (unknown.empty()) return absl::StrJoin(holding, ", ");
  return absl::StrCat(unknown, rule.effect == Effect::kAllow
                                   ? ": not known, and to allow it must be sure"
                                   : ": not known, so it counts");
}

}  // namespace tokenvault
