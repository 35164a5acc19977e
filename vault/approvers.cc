#include "vault/approvers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

bool IsOffered(const ApprovalTerms& terms, ApprovalReach reach) {
  switch (reach) {
    case ApprovalReach::kNone:
      return false;
    case ApprovalReach::kOnce:
      return terms.once;
    case ApprovalReach::kTask:
      return terms.task;
    case ApprovalReach::kHour:
      return terms.hour;
  }
  return false;
}

}  // namespace

absl::string_view ReachName(ApprovalReach reach) {
  switch (reach) {
    case ApprovalReach::kNone:
      return "";
    case ApprovalReach::kOnce:
      return "once";
    case ApprovalReach::kTask:
      return "task";
    case ApprovalReach::kHour:
      return "hour";
  }
  return "";
}

std::optional<ApprovalTerms> TermsOf(const Directory& directory,
                                     const Approval& approval) {
  std::vector<ApprovalTerms> asking;
  for (absl::string_view id : absl::StrSplit(approval.rule, ',')) {
    const PolicyRule* rule = directory.policy.FindRule(std::string(id));
    if (rule == nullptr || rule->effect != Effect::kRequireApproval) {
      return std::nullopt;
    }
    asking.push_back(rule->approval);
  }
  return CombineApprovals(asking);
}

std::vector<ApprovalReach> OfferedReaches(const Directory& directory,
                                          const Approval& approval) {
  std::vector<ApprovalReach> offered;
  const std::optional<ApprovalTerms> terms = TermsOf(directory, approval);
  if (!terms.has_value()) return offered;
  for (ApprovalReach reach :
       {ApprovalReach::kOnce, ApprovalReach::kTask, ApprovalReach::kHour}) {
    // Without a task there is nothing that a yes could be for the whole of.
    if (reach == ApprovalReach::kTask && approval.task_id.empty()) continue;
    if (IsOffered(*terms, reach)) offered.push_back(reach);
  }
  return offered;
}

absl::StatusOr<bool> Approvers::IsOneOf(
    const Directory& directory, const std::vector<std::string>& subjects,
    const Approver& approver) const {
  const Tenant* tenant = directory.FindTenant(approver.tenant);
  if (tenant == nullptr) return false;
  for (const std::string& subject : subjects) {
    ASSIGN_OR_RETURN(
        const UserId user,
        keys_.UserOf(tenant->id, tenant->identity.issuer, subject));
    if (user == approver.user) return true;
  }
  return false;
}

absl::Status Approvers::CheckMayDecide(const Directory& directory,
                                       const Approval& approval,
                                       const Approver& approver) const {
  if (approver.tenant != approval.tenant) {
    return errors::ResourceDenied(
        absl::StrCat("approvals/", approval.id.value));
  }
  const std::optional<ApprovalTerms> found = TermsOf(directory, approval);
  if (!found.has_value()) return errors::ApproverNotAllowed("not_asked");
  const ApprovalTerms& terms = *found;
  const bool is_person = approver.user == approval.user;
  if (terms.four_eyes) {
    if (is_person) return errors::ApproverNotAllowed("own_account");
    const Agent* agent = directory.FindAgent(approval.agent);
    if (agent != nullptr && !agent->owner_subject.empty()) {
      ASSIGN_OR_RETURN(const bool owns,
                       IsOneOf(directory, {agent->owner_subject}, approver));
      if (owns) return errors::ApproverNotAllowed("own_agent");
    }
  }
  if (terms.approvers.empty() && terms.approver_groups.empty()) {
    return is_person ? absl::OkStatus()
                     : errors::ApproverNotAllowed("not_asked");
  }
  ASSIGN_OR_RETURN(const bool named,
                   IsOneOf(directory, terms.approvers, approver));
  const bool in_group =
      approver.groups.has_value() &&
      std::any_of(approver.groups->begin(), approver.groups->end(),
                  [&](const std::string& group) {
                    return std::find(terms.approver_groups.begin(),
                                     terms.approver_groups.end(),
                                     group) != terms.approver_groups.end();
                  });
  return named || in_group ? absl::OkStatus()
                           : errors::ApproverNotAllowed("not_asked");
}

absl::Status Approvers::CheckMaySee(const Directory& directory,
                                    const Approval& approval,
                                    const Approver& approver) const {
  if (approver.tenant == approval.tenant && approver.user == approval.user) {
    return absl::OkStatus();
  }
  absl::Status may = CheckMayDecide(directory, approval, approver);
  if (!HasReason(may, "APPROVER_NOT_ALLOWED") ||
      MetadataOf(may, "problem") != "not_asked") {
    return may;
  }
  return errors::ResourceDenied(absl::StrCat("approvals/", approval.id.value));
}

}  // namespace tokenvault
