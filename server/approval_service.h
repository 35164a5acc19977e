#pragma once

#include "tokenvault/v1/approval_service.grpc.pb.h"

namespace tokenvault {

// ApprovalService by gRPC: every method is NOT_IMPLEMENTED in this version, and
// says so with a reason, as anything else here does.
class ApprovalService final : public v1::ApprovalService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetApproval(grpc::CallbackServerContext* context,
                                        const v1::GetApprovalRequest* request,
                                        v1::Approval* response) override;
  grpc::ServerUnaryReactor* ListApprovals(
      grpc::CallbackServerContext* context,
      const v1::ListApprovalsRequest* request,
      v1::ListApprovalsResponse* response) override;
  grpc::ServerUnaryReactor* DecideApproval(
      grpc::CallbackServerContext* context,
      const v1::DecideApprovalRequest* request,
      v1::Approval* response) override;
};

}  // namespace tokenvault
