#include "cli/channel.h"

#include "absl/strings/cord.h"
#include "base/errors.h"
#include "base/mutex.h"
#include "cli/terminal.h"
#include "google/rpc/status.pb.h"
#include "grpc/support/log.h"

namespace tokenvault {
namespace {

// How soon Ctrl-C is seen while a call is under way.
constexpr absl::Duration kLookForInterrupt = absl::Milliseconds(50);

// gRPC writes its troubles to stderr, header values included. What matters of
// them comes back as a status.
void DropLogLine(gpr_log_func_args*) {}

// The outcome of one call, shared with gRPC's thread.
struct Outcome {
  Mutex mutex;
  CondVar changed;
  bool done ABSL_GUARDED_BY(mutex) = false;
  grpc::Status status ABSL_GUARDED_BY(mutex);
};

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status,
                            absl::string_view address) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status detailed;
  if (!status.error_details().empty() &&
      detailed.ParseFromString(status.error_details()) &&
      detailed.details_size() > 0) {
    absl::Status own(static_cast<absl::StatusCode>(status.error_code()),
                     status.error_message());
    for (const auto& detail : detailed.details()) {
      own.SetPayload(detail.type_url(), absl::Cord(detail.value()));
    }
    return own;
  }
  // Not our daemon's word but gRPC's, in sentences that may hold anything.
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return errors::ServerUnreachable(address);
    case grpc::StatusCode::CANCELLED:
      return absl::CancelledError("interrupted");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::DeadlineExceededError("the daemon did not answer in time");
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::UnimplementedError(
          "what answers there does not know this call: another version, or "
          "another door of the daemon");
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          "the daemon answered with a fault it did not name");
  }
}

Channel::Channel(std::string address,
                 std::shared_ptr<grpc::ChannelCredentials> credentials,
                 std::string authorization, const Clock& clock)
    : address_(std::move(address)),
      authorization_(std::move(authorization)),
      clock_(clock) {
  gpr_set_log_function(DropLogLine);
  grpc::ChannelArguments arguments;
  // No proxy stands between us and the vault's own door.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  auto channel = grpc::CreateCustomChannel(address_, credentials, arguments);
  admin_ = v1::AdminService::NewStub(channel);
  connections_ = v1::ConnectionService::NewStub(channel);
  tokens_ = v1::TokenService::NewStub(channel);
}

absl::Status Channel::Await(
    const std::function<void(grpc::ClientContext*, Done)>& start,
    absl::Duration patience) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(clock_.Now() + patience));
  if (!authorization_.empty()) {
    context.AddMetadata("authorization", authorization_);
  }
  Outcome outcome;
  start(&context, [&outcome](grpc::Status status) {
    MutexLock lock(outcome.mutex);
    outcome.status = std::move(status);
    outcome.done = true;
    outcome.changed.NotifyOne();
  });
  MutexLock lock(outcome.mutex);
  while (!outcome.done) {
    outcome.changed.WaitFor(outcome.mutex, kLookForInterrupt);
    if (Interrupted()) context.TryCancel();
  }
  if (Interrupted() && !outcome.status.ok()) {
    return absl::CancelledError("interrupted");
  }
  return FromGrpcStatus(outcome.status, address_);
}

}  // namespace tokenvault
