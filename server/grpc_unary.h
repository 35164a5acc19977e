#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <string>

#include "absl/strings/string_view.h"
#include "server/answer.h"
#include "server/call_gate.h"
#include "server/status_to_grpc.h"

namespace tokenvault {

// Which gRPC server a call came in by.
enum class GrpcDoor { kAgents, kAdmin };

// "ipv4:10.0.0.1:8443", "ipv6:%5Bfd00::1%5D:8443" or "ipv6:[fd00::1]:8443"
// without what stands around the address; "" for what is no IP address.
std::string PeerWithoutPort(absl::string_view peer);

// What the call shows of its caller, and its deadline.
ApiCall ReadCall(const grpc::CallbackServerContext& context, GrpcDoor door);

// Ends a call with an error, and tells gRPC's own retry policy when a retry
// makes sense.
void FinishWith(const absl::Status& status, GrpcDoor door,
                grpc::CallbackServerContext& context,
                grpc::ServerUnaryReactor& reactor);

// Runs one unary call: api(call, request, done). The answer may come from any
// thread; `response` and `context` live until then.
template <typename Request, typename Response, typename Api>
grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context,
                                GrpcDoor door, const Request* request,
                                Response* response, Api api) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  api(ReadCall(*context, door), *request,
      [context, door, response,
       reactor](absl::StatusOr<Response> answer) mutable {
        if (answer.ok()) {
          *response = *std::move(answer);
          reactor->Finish(grpc::Status::OK);
          return;
        }
        FinishWith(answer.status(), door, *context, *reactor);
      });
  return reactor;
}

}  // namespace tokenvault
