#include "server/convert.h"
#include "server/resource_names.h"
#include "vault/approval_request.h"

namespace tokenvault {
namespace {

v1::DecideApprovalRequest::Reach ToReach(ApprovalReach reach) {
  switch (reach) {
    case ApprovalReach::kNone:
      break;
    case ApprovalReach::kOnce:
      return v1::DecideApprovalRequest::REACH_ONCE;
    case ApprovalReach::kTask:
      return v1::DecideApprovalRequest::REACH_TASK;
    case ApprovalReach::kHour:
      return v1::DecideApprovalRequest::REACH_ONE_HOUR;
  }
  return v1::DecideApprovalRequest::REACH_UNSPECIFIED;
}

void SetPurpose(const AskedApproval& asked, v1::Purpose& purpose) {
  purpose.set_summary(asked.question.purpose);
  purpose.set_task_id(asked.approval.task_id);
  for (const DeclaredAct& act : ParseDetails(asked.approval.details)) {
    v1::ActionDetail& detail = *purpose.add_details();
    detail.set_type(act.type);
    for (const auto& [name, value] : act.fields) {
      (*detail.mutable_fields())[name] = value;
    }
  }
}

}  // namespace

v1::Approval ToProto(const AskedApproval& asked,
                     const std::vector<ApprovalReach>& offered) {
  const Approval& approval = asked.approval;
  v1::Approval shown;
  shown.set_name(ApprovalName(approval.user, approval.id));
  shown.set_agent(AgentName(approval.agent));
  shown.set_connection(ConnectionName(approval.user, approval.connection));
  SetPurpose(asked, *shown.mutable_purpose());
  shown.set_rule(approval.rule);
  shown.set_state(ToProto(asked.question.state));
  *shown.mutable_create_time() = ToTimestamp(approval.create_time);
  *shown.mutable_expire_time() = ToTimestamp(asked.question.expire_time);
  for (const std::string& scope : asked.question.scopes) {
    shown.add_scopes(scope);
  }
  shown.set_resource(approval.resource);
  if (approval.max_lifetime > absl::ZeroDuration()) {
    *shown.mutable_max_lifetime() = ToDuration(approval.max_lifetime);
  }
  if (asked.question.state == InteractionState::kPending) {
    for (ApprovalReach reach : offered) shown.add_offered(ToReach(reach));
  }
  if (asked.question.state == InteractionState::kCompleted) {
    shown.set_reach(ToReach(approval.reach));
    *shown.mutable_end_time() = ToTimestamp(approval.end_time);
  }
  if (approval.decide_time != absl::InfiniteFuture()) {
    *shown.mutable_decide_time() = ToTimestamp(approval.decide_time);
  }
  return shown;
}

}  // namespace tokenvault
