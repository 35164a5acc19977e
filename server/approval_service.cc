#include "server/approval_service.h"

#include <utility>

#include "server/grpc_unary.h"

namespace tokenvault {

grpc::ServerUnaryReactor* ApprovalService::GetApproval(
    grpc::CallbackServerContext* context, const v1::GetApprovalRequest* request,
    v1::Approval* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::GetApprovalRequest asked,
                      ApprovalApi::Done<v1::Approval> done) {
                 api_.GetApproval(std::move(call), std::move(asked),
                                  std::move(done));
               });
}

grpc::ServerUnaryReactor* ApprovalService::ListApprovals(
    grpc::CallbackServerContext* context,
    const v1::ListApprovalsRequest* request,
    v1::ListApprovalsResponse* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::ListApprovalsRequest asked,
                      ApprovalApi::Done<v1::ListApprovalsResponse> done) {
                 api_.ListApprovals(std::move(call), std::move(asked),
                                    std::move(done));
               });
}

grpc::ServerUnaryReactor* ApprovalService::DecideApproval(
    grpc::CallbackServerContext* context,
    const v1::DecideApprovalRequest* request, v1::Approval* response) {
  return Serve(context, GrpcDoor::kAgents, request, response,
               [this](ApiCall call, v1::DecideApprovalRequest asked,
                      ApprovalApi::Done<v1::Approval> done) {
                 api_.DecideApproval(std::move(call), std::move(asked),
                                     std::move(done));
               });
}

}  // namespace tokenvault
