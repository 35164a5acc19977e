#include "server/approval_service.h"

#include "base/errors.h"
#include "server/grpc_unary.h"

namespace tokenvault {
namespace {

grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context,
                                 absl::string_view method) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FinishWith(errors::NotImplemented(method), GrpcDoor::kAgents, *context,
             *reactor);
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* ApprovalService::GetApproval(
    grpc::CallbackServerContext* context, const v1::GetApprovalRequest*,
    v1::Approval*) {
  return Refuse(context, "GetApproval");
}

grpc::ServerUnaryReactor* ApprovalService::ListApprovals(
    grpc::CallbackServerContext* context, const v1::ListApprovalsRequest*,
    v1::ListApprovalsResponse*) {
  return Refuse(context, "ListApprovals");
}

grpc::ServerUnaryReactor* ApprovalService::DecideApproval(
    grpc::CallbackServerContext* context, const v1::DecideApprovalRequest*,
    v1::Approval*) {
  return Refuse(context, "DecideApproval");
}

}  // namespace tokenvault
