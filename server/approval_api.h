#pragma once

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/answer.h"
#include "server/call_gate.h"
#include "tokenvault/v1/approval_service.pb.h"
#include "vault/approvals.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// ApprovalService, whichever door a call came in by: a channel that the
// operator trusts to reach people (may_relay_approvals) brings a person's own
// token with each call. To other agents there is nothing here
// (RESOURCE_DENIED).
//
// No method blocks; `done` runs once, on any thread. Thread-safe.
class ApprovalApi {
 public:
  template <typename Response>
  using Done = typename Answer<Response>::Done;

  ApprovalApi(CallGate& gate, Approvals& approvals, KeyKeeper& keys);

  void GetApproval(ApiCall call, v1::GetApprovalRequest request,
                   Done<v1::Approval> done);
  void ListApprovals(ApiCall call, v1::ListApprovalsRequest request,
                     Done<v1::ListApprovalsResponse> done);
  void DecideApproval(ApiCall call, v1::DecideApprovalRequest request,
                      Done<v1::Approval> done);

 private:
  // Lets `work` run where it may block, for a channel, with the person whose
  // token it brought.
  template <typename Request, typename Response>
  void Relay(const char* method, ApiCall call, Request request,
             Done<Response> done,
             absl::StatusOr<Response> (ApprovalApi::*work)(
                 const Caller&, const Approvals::Approver&, const Request&));
  absl::StatusOr<Approvals::Approver> Identify(const Caller& caller,
                                               const std::string& user_token);

  absl::StatusOr<v1::Approval> Get(const Caller& caller,
                                   const Approvals::Approver& approver,
                                   const v1::GetApprovalRequest& request);
  absl::StatusOr<v1::ListApprovalsResponse> List(
      const Caller& caller, const Approvals::Approver& approver,
      const v1::ListApprovalsRequest& request);
  absl::StatusOr<v1::Approval> Decide(const Caller& caller,
                                      const Approvals::Approver& approver,
                                      const v1::DecideApprovalRequest& request);
  absl::StatusOr<AskedApproval> Find(const Caller& caller,
                                     const Approvals::Approver& approver,
                                     const std::string& name);
  v1::Approval Show(const Caller& caller, const Approvals::Approver& approver,
                    const AskedApproval& asked) const;

  CallGate& gate_;
  Approvals& approvals_;
  KeyKeeper& keys_;
};

}  // namespace tokenvault
