#pragma once

#include <grpcpp/grpcpp.h>

#include "server/approval_api.h"
#include "tokenvault/v1/approval_service.grpc.pb.h"

namespace tokenvault {

// ApprovalApi by gRPC. Thread-safe; never blocks.
class ApprovalService final : public v1::ApprovalService::CallbackService {
 public:
  explicit ApprovalService(ApprovalApi& api) : api_(api) {}

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

 private:
  ApprovalApi& api_;
};

}  // namespace tokenvault
