#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "grpcpp/grpcpp.h"
#include "tokenvault/v1/admin_service.grpc.pb.h"
#include "tokenvault/v1/connection_service.grpc.pb.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {

// Our own status of what gRPC reports: with the reason the daemon gave; or
// SERVER_UNREACHABLE when nobody answered at `address`.
absl::Status FromGrpcStatus(const grpc::Status& status,
                            absl::string_view address);

// A line to one door of a daemon. Opens when it is first used.
//
// Calls block, but end with CANCELLED when the person presses Ctrl-C.
//
//   ASSIGN_OR_RETURN(v1::Status status, channel.Call(&Admin::GetStatus,
//                                                    v1::GetStatusRequest()));
//
// Thread-compatible.
class Channel {
 public:
  using Admin = v1::AdminService::StubInterface::async_interface;
  using Connections = v1::ConnectionService::StubInterface::async_interface;
  using Tokens = v1::TokenService::StubInterface::async_interface;
  using Done = std::function<void(grpc::Status)>;

  static constexpr absl::Duration kPatience = absl::Seconds(30);

  // `address`: "unix:/path" or "host:port", for sentences too. `authorization`
  // goes with every call; "" for none.
  Channel(std::string address,
          std::shared_ptr<grpc::ChannelCredentials> credentials,
          std::string authorization, const Clock& clock);

  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(void (Service::*method)(grpc::ClientContext*,
                                                        const Request*,
                                                        Response*, Done),
                                const Request& request,
                                absl::Duration patience = kPatience) {
    Response response;
    absl::Status status = Await(
        [&](grpc::ClientContext* context, Done done) {
          (AsyncOf(static_cast<Service*>(nullptr))->*method)(
              context, &request, &response, std::move(done));
        },
        patience);
    if (!status.ok()) return status;
    return response;
  }

  const std::string& address() const { return address_; }

 private:
  Admin* AsyncOf(Admin*) { return admin_->async(); }
  Connections* AsyncOf(Connections*) { return connections_->async(); }
  Tokens* AsyncOf(Tokens*) { return tokens_->async(); }

  absl::Status Await(
      const std::function<void(grpc::ClientContext*, Done)>& start,
      absl::Duration patience);

  const std::string address_;
  const std::string authorization_;
  const Clock& clock_;
  std::unique_ptr<v1::AdminService::StubInterface> admin_;
  std::unique_ptr<v1::ConnectionService::StubInterface> connections_;
  std::unique_ptr<v1::TokenService::StubInterface> tokens_;
};

}  // namespace tokenvault
