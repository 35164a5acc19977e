#include "vault/policy_rule.h"

#include <algorithm>

namespace tokenvault {
namespace {

// Of `names` only those that are in `others` too.
void KeepCommon(const std::vector<std::string>& others,
                std::vector<std::string>& names) {
  names.erase(std::remove_if(names.begin(), names.end(),
                             [&](const std::string& name) {
                               return std::find(others.begin(), others.end(),
                                                name) == others.end();
                             }),
              names.end());
}

}  // namespace

absl::Time WindowStart(const Budget& budget, absl::Time now) {
  return absl::UnixEpoch() + absl::Floor(now - absl::UnixEpoch(), budget.per);
}

std::optional<ApprovalTerms> CombineApprovals(
    const std::vector<ApprovalTerms>& asking) {
  ApprovalTerms combined;
  combined.expires = absl::InfiniteDuration();
  combined.once = combined.task = combined.hour = true;
  bool names_approvers = false;
  for (const ApprovalTerms& terms : asking) {
    combined.expires = std::min(combined.expires, terms.expires);
    combined.once = combined.once && terms.once;
    combined.task = combined.task && terms.task;
    combined.hour = combined.hour && terms.hour;
    combined.four_eyes = combined.four_eyes || terms.four_eyes;
    if (terms.approvers.empty() && terms.approver_groups.empty()) continue;
    if (names_approvers) {
      KeepCommon(terms.approvers, combined.approvers);
      KeepCommon(terms.approver_groups, combined.approver_groups);
    } else {
      combined.approvers = terms.approvers;
      combined.approver_groups = terms.approver_groups;
      names_approvers = true;
    }
  }
  // Two empty lists would say that the person decides, whom no rule meant.
  if (names_approvers && combined.approvers.empty() &&
      combined.approver_groups.empty()) {
    return std::nullopt;
  }
  if (!combined.task && !combined.hour) combined.once = true;
  // The same list in every order of rules.
  std::sort(combined.approvers.begin(), combined.approvers.end());
  std::sort(combined.approver_groups.begin(), combined.approver_groups.end());
  return combined;
}

}  // namespace tokenvault
