#include "bench/closed_loop.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/seeded_vault.h"
#include "bench/token_endpoint.h"

namespace tokenvault {
namespace {

// As an agent with several workers has; one HTTP/2 connection is one lock.
constexpr int kChannels = 4;
constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

struct ClosedLoop::Call {
  int channel = 0;
  int person = 0;
  absl::Time start;
  std::unique_ptr<grpc::ClientContext> context;
  v1::GetScopedTokenRequest request;
  v1::GetScopedTokenResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetScopedTokenResponse>>
      reader;
};

ClosedLoop::ClosedLoop(Options options) : options_(std::move(options)) {
  for (int i = 0; i < kChannels; ++i) {
    grpc::ChannelArguments arguments;
    // Otherwise the channels would share one connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs_.push_back(v1::TokenService::NewStub(grpc::CreateCustomChannel(
        options_.address, grpc::InsecureChannelCredentials(), arguments)));
  }
}

void ClosedLoop::Send(Call& call, grpc::CompletionQueue& queue) {
  call.context = std::make_unique<grpc::ClientContext>();
  call.context->AddMetadata("authorization", "Bearer bench-agent");
  call.context->set_deadline(std::chrono::system_clock::now() +
                             absl::ToChronoMilliseconds(kPatience));
  call.request.set_provider("providers/bench");
  call.request.mutable_subject()->set_user_id(SubjectOf(call.person));
  if (call.request.scopes().empty()) call.request.add_scopes("calendar.read");
  call.start = absl::Now();
  call.reader = stubs_[static_cast<size_t>(call.channel)]->AsyncGetScopedToken(
      call.context.get(), call.request, &queue);
  call.reader->Finish(&call.response, &call.status, &call);
}

absl::Status ClosedLoop::Take(const Call& call) {
  if (!call.status.ok()) {
    return absl::DataLossError(
        absl::StrCat("a request failed: ", call.status.error_message()));
  }
  if (!call.response.has_token()) {
    return absl::DataLossError("an answer is no token");
  }
  const std::string& token = call.response.token().access_token();
  if (options_.check_person &&
      !absl::StartsWith(token, TokenEndpoint::AccessPrefix(call.person))) {
    return absl::DataLossError("an answer is another person's token");
  }
  ++tokens_;
  return absl::OkStatus();
}

absl::StatusOr<LoopResult> ClosedLoop::Run(int in_flight,
                                           absl::Duration length) {
  grpc::CompletionQueue queue;
  std::vector<Call> calls(static_cast<size_t>(in_flight));
  auto next_person = [this] {
    // xorshift: people in no order, and the same ones in every run.
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<int>(random_ % static_cast<uint64_t>(options_.people));
  };
  LoopResult result;
  absl::Status failure;
  const absl::Time start = absl::Now();
  for (int i = 0; i < in_flight; ++i) {
    calls[static_cast<size_t>(i)].channel = i % kChannels;
    calls[static_cast<size_t>(i)].person = next_person();
    Send(calls[static_cast<size_t>(i)], queue);
  }
  int open = in_flight;
  void* tag = nullptr;
  bool good = false;
  while (open > 0 && queue.Next(&tag, &good)) {
    Call& call = *static_cast<Call*>(tag);
    const absl::Time now = absl::Now();
    failure.Update(Take(call));
    ++result.answers;
    result.micros.values.push_back(
        absl::ToDoubleMicroseconds(now - call.start));
    if (!failure.ok() || now - start >= length) {
      --open;
      continue;
    }
    call.person = next_person();
    Send(call, queue);
  }
  result.elapsed = absl::Now() - start;
  queue.Shutdown();
  while (queue.Next(&tag, &good)) {
  }
  if (!failure.ok()) return failure;
  return result;
}

absl::StatusOr<v1::GetScopedTokenResponse> ClosedLoop::AskForEach() {
  grpc::CompletionQueue queue;
  Call call;
  absl::Status failure;
  for (int person = 0; person < options_.people && failure.ok(); ++person) {
    call.person = person;
    Send(call, queue);
    void* tag = nullptr;
    bool good = false;
    queue.Next(&tag, &good);
    failure = Take(call);
  }
  queue.Shutdown();
  if (!failure.ok()) return failure;
  return call.response;
}

}  // namespace tokenvault
