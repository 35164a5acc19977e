#include "server/approval_api.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

// What somebody typed: case and separators are not what the code is about.
std::string PlainCode(absl::string_view code) {
  std::string plain;
  for (char c : code) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      plain += absl::ascii_toupper(static_cast<unsigned char>(c));
    }
  }
  return plain;
}

absl::StatusOr<Approvals::Ruling> ReadRuling(
    const v1::DecideApprovalRequest& request) {
  Approvals::Ruling ruling;
  switch (request.decision()) {
    case v1::DecideApprovalRequest::DECISION_APPROVE:
      ruling.verdict = Approvals::Verdict::kApprove;
      break;
    case v1::DecideApprovalRequest::DECISION_REJECT:
      ruling.verdict = Approvals::Verdict::kReject;
      break;
    case v1::DecideApprovalRequest::DECISION_REJECT_AND_PAUSE:
      ruling.verdict = Approvals::Verdict::kRejectAndPause;
      break;
    default:
      return errors::FieldInvalid("decision", "must say yes or no");
  }
  switch (request.reach()) {
    case v1::DecideApprovalRequest::REACH_ONCE:
      ruling.reach = ApprovalReach::kOnce;
      break;
    case v1::DecideApprovalRequest::REACH_ONE_HOUR:
      ruling.reach = ApprovalReach::kHour;
      break;
    case v1::DecideApprovalRequest::REACH_TASK:
      ruling.reach = ApprovalReach::kTask;
      break;
    default:
      break;
  }
  RETURN_IF_ERROR(CheckComment(request.comment()));
  ruling.comment = request.comment();
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  ruling.request_id = request.request_id();
  return ruling;
}

// Whether `asked` was decided as `ruling` would decide it.
bool SaysTheSame(const AskedApproval& asked,
                 const Approvals::Approver& approver,
                 const Approvals::Ruling& ruling) {
  if (asked.approval.decided_by != approver.user) return false;
  return ruling.verdict == Approvals::Verdict::kApprove
             ? asked.question.state == InteractionState::kCompleted &&
                   asked.approval.reach == ruling.reach
             : asked.question.state == InteractionState::kDenied;
}

}  // namespace

ApprovalApi::ApprovalApi(CallGate& gate, Approvals& approvals, KeyKeeper& keys)
    : gate_(gate), approvals_(approvals), keys_(keys) {}

template <typename Request, typename Response>
void ApprovalApi::Relay(const char* method, ApiCall call, Request request,
                        Done<Response> done,
                        absl::StatusOr<Response> (ApprovalApi::*work)(
                            const Caller&, const Approvals::Approver&,
                            const Request&)) {
  Answer<Response> way_back = gate_.Bounded<Response>(
      call.deadline, kMaxPatience, [] { return errors::UpstreamSlow(""); },
      std::move(done));
  gate_.Enter(call.credential, [this, method, way_back, work,
                                request = std::move(request)](
                                   absl::StatusOr<Caller> caller) mutable {
    if (!caller.ok()) return way_back(caller.status());
    Answer<Response> answer = gate_.Audited(*caller, method, way_back);
    if (caller->agent == nullptr || !caller->agent->may_relay_approvals) {
      return answer(errors::ResourceDenied("approvals"));
    }
    bool taken = gate_.Submit([this, answer, work, caller = *std::move(caller),
                               request = std::move(request)] {
      absl::StatusOr<Approvals::Approver> approver =
          Identify(caller, request.user_token());
      if (!approver.ok()) return answer(approver.status());
      answer((this->*work)(caller, *approver, request));
    });
    if (!taken) answer(CallGate::Overloaded());
  });
}

absl::StatusOr<Approvals::Approver> ApprovalApi::Identify(
    const Caller& caller, const std::string& user_token) {
  if (user_token.empty()) {
    return errors::FieldInvalid("user_token", "is missing");
  }
  ASSIGN_OR_RETURN(const Person person, gate_.authenticator().IdentifyPerson(
                                            caller, {user_token, ""}));
  Approvals::Approver approver;
  approver.tenant = caller.agent->tenant;
  ASSIGN_OR_RETURN(approver.user, keys_.UserOf(approver.tenant, person.issuer,
                                               person.subject));
  // The channel vouches that they are there now; the token, for who they are.
  approver.auth_time = gate_.Now();
  approver.how = AgentName(caller.agent->id);
  return approver;
}

void ApprovalApi::GetApproval(ApiCall call, v1::GetApprovalRequest request,
                              Done<v1::Approval> done) {
  Relay("GetApproval", std::move(call), std::move(request), std::move(done),
        &ApprovalApi::Get);
}

void ApprovalApi::ListApprovals(ApiCall call, v1::ListApprovalsRequest request,
                                Done<v1::ListApprovalsResponse> done) {
  Relay("ListApprovals", std::move(call), std::move(request), std::move(done),
        &ApprovalApi::List);
}

void ApprovalApi::DecideApproval(ApiCall call,
                                 v1::DecideApprovalRequest request,
                                 Done<v1::Approval> done) {
  Relay("DecideApproval", std::move(call), std::move(request), std::move(done),
        &ApprovalApi::Decide);
}

absl::StatusOr<AskedApproval> ApprovalApi::Find(
    const Caller& caller, const Approvals::Approver& approver,
    const std::string& name) {
  ASSIGN_OR_RETURN(const ApprovalRef ref, ReadApprovalName("name", name));
  ASSIGN_OR_RETURN(AskedApproval asked,
                   approvals_.Get(*caller.directory, ref.approval, approver));
  if (asked.approval.user != ref.user) {
    return errors::ResourceDenied(ApprovalName(ref.user, ref.approval));
  }
  return asked;
}

v1::Approval ApprovalApi::Show(const Caller& caller,
                               const Approvals::Approver& approver,
                               const AskedApproval& asked) const {
  v1::Approval shown =
      ToProto(asked, OfferedReaches(*caller.directory, asked.approval));
  // The code is what an approver compares; nobody else needs it.
  if (approvals_.CheckMayDecide(*caller.directory, asked, approver).ok()) {
    shown.set_user_code(asked.question.user_code);
  }
  return shown;
}

absl::StatusOr<v1::Approval> ApprovalApi::Get(
    const Caller& caller, const Approvals::Approver& approver,
    const v1::GetApprovalRequest& request) {
  ASSIGN_OR_RETURN(const AskedApproval asked,
                   Find(caller, approver, request.name()));
  return Show(caller, approver, asked);
}

absl::StatusOr<v1::ListApprovalsResponse> ApprovalApi::List(
    const Caller& caller, const Approvals::Approver& approver,
    const v1::ListApprovalsRequest& request) {
  ASSIGN_OR_RETURN(const UserId parent,
                   ReadUserName("parent", request.parent()));
  if (!parent.empty() && parent != approver.user) {
    return errors::ResourceDenied(UserName(parent));
  }
  ASSIGN_OR_RETURN(const int page_size, ReadPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string before,
                   ReadPageToken(request.page_token()));
  ASSIGN_OR_RETURN(const std::vector<FilterCondition> conditions,
                   ReadFilter(request.filter(), {"state"}));
  std::optional<InteractionState> state;
  if (!conditions.empty()) {
    if (conditions[0].value != "PENDING") {
      return errors::FieldInvalid("filter", "state is PENDING");
    }
    state = InteractionState::kPending;
  }
  // One more than asked for, to know whether there is a next page.
  ASSIGN_OR_RETURN(const std::vector<AskedApproval> found,
                   approvals_.List(*caller.directory, approver, state,
                                   InteractionId(before), page_size + 1));
  v1::ListApprovalsResponse response;
  for (const AskedApproval& asked : found) {
    if (response.approvals_size() == page_size) {
      const AskedApproval& last = found[static_cast<size_t>(page_size) - 1];
      response.set_next_page_token(MakePageToken(last.approval.id.value));
      break;
    }
    *response.add_approvals() = Show(caller, approver, asked);
  }
  return response;
}

absl::StatusOr<v1::Approval> ApprovalApi::Decide(
    const Caller& caller, const Approvals::Approver& approver,
    const v1::DecideApprovalRequest& request) {
  ASSIGN_OR_RETURN(const Approvals::Ruling ruling, ReadRuling(request));
  ASSIGN_OR_RETURN(AskedApproval asked, Find(caller, approver, request.name()));
  if (!EqualInConstantTime(PlainCode(request.user_code()),
                           PlainCode(asked.question.user_code))) {
    return errors::FieldInvalid("user_code",
                                "is not the one that the agent shows");
  }
  if (!SaysTheSame(asked, approver, ruling)) {
    ASSIGN_OR_RETURN(
        asked, approvals_.Decide(*caller.directory, asked, approver, ruling));
  }
  return Show(caller, approver, asked);
}

}  // namespace tokenvault
