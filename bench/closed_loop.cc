#include "bench/closed_loop.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/seeded_vault.h"
#include "bench/token_endpoint.h"
#include "bench/transport.h"

namespace tokenvault {
namespace {

// As an agent with several workers has; one HTTP/2 connection is one lock.
constexpr int kChannels = 4;
// Enough that the refreshes of a warm-up share their commits.
constexpr int kWarmingInFlight = 16;
constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

absl::Status CheckToken(const grpc::Status& status,
                        const v1::GetScopedTokenResponse& response,
                        std::optional<int> person) {
  if (!status.ok()) {
    return absl::DataLossError(
        absl::StrCat("a request failed: ", status.error_message()));
  }
  if (!response.has_token()) {
    return absl::DataLossError("an answer is no token");
  }
  if (person.has_value() &&
      !absl::StartsWith(response.token().access_token(),
                        TokenEndpoint::AccessPrefix(*person))) {
    return absl::DataLossError("an answer is another person's token");
  }
  return absl::OkStatus();
}

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
    stubs_.push_back(v1::TokenService::NewStub(
        ConnectTo(options_.address, options_.credentials)));
  }
}

void ClosedLoop::Prepare(Call& call) const {
  call.context = std::make_unique<grpc::ClientContext>();
  if (!options_.agent.empty()) {
    call.context->AddMetadata("authorization",
                              absl::StrCat("Bearer ", options_.agent));
  }
  call.context->set_deadline(std::chrono::system_clock::now() +
                             absl::ToChronoMilliseconds(kPatience));
  call.request.set_provider("providers/bench");
  call.request.mutable_subject()->set_user_id(SubjectOf(call.person));
  if (call.request.scopes().empty()) call.request.add_scopes(options_.scope);
}

void ClosedLoop::Send(Call& call, grpc::CompletionQueue& queue) {
  Prepare(call);
  call.start = absl::Now();
  call.reader = stubs_[static_cast<size_t>(call.channel)]->AsyncGetScopedToken(
      call.context.get(), call.request, &queue);
  call.reader->Finish(&call.response, &call.status, &call);
}

absl::Status ClosedLoop::Take(const Call& call) {
  if (options_.refusal.empty()) {
    std::optional<int> person;
    if (options_.check_person) person = call.person;
    RETURN_IF_ERROR(CheckToken(call.status, call.response, person));
    ++tokens_;
    return absl::OkStatus();
  }
  // The reason is a field of the details, which are a serialized message.
  if (call.status.ok() ||
      !absl::StrContains(call.status.error_details(), options_.refusal)) {
    return absl::DataLossError(absl::StrCat("an answer is no refusal for ",
                                            options_.refusal, ": ",
                                            call.status.error_message()));
  }
  ++refusals_;
  return absl::OkStatus();
}

int ClosedLoop::RandomPerson() {
  // xorshift: people in no order, and the same ones in every run.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<int>(random_ % static_cast<uint64_t>(options_.people)) *
         options_.stride;
}

absl::StatusOr<LoopResult> ClosedLoop::Pump(
    int in_flight, absl::FunctionRef<std::optional<int>()> next) {
  grpc::CompletionQueue queue;
  std::vector<Call> calls(static_cast<size_t>(in_flight));
  LoopResult result;
  absl::Status failure;
  int open = 0;
  auto ask = [&](Call& call) {
    const std::optional<int> person = next();
    if (!person.has_value()) return;
    call.person = *person;
    ++open;
    Send(call, queue);
  };
  const absl::Time start = absl::Now();
  for (size_t i = 0; i < calls.size(); ++i) {
    calls[i].channel = static_cast<int>(i) % kChannels;
    ask(calls[i]);
  }
  void* tag = nullptr;
  bool good = false;
  while (open > 0 && queue.Next(&tag, &good)) {
    Call& call = *static_cast<Call*>(tag);
    const absl::Time now = absl::Now();
    --open;
    failure.Update(Take(call));
    ++result.answers;
    result.micros.values.push_back(
        absl::ToDoubleMicroseconds(now - call.start));
    if (open == 0) last_ = call.response;
    if (failure.ok()) ask(call);
  }
  result.elapsed = absl::Now() - start;
  queue.Shutdown();
  while (queue.Next(&tag, &good)) {
  }
  if (!failure.ok()) return failure;
  return result;
}

absl::StatusOr<LoopResult> ClosedLoop::Run(int in_flight,
                                           absl::Duration length) {
  const absl::Time end = absl::Now() + length;
  return Pump(in_flight, [this, end]() -> std::optional<int> {
    if (absl::Now() >= end) return std::nullopt;
    return RandomPerson();
  });
}

absl::StatusOr<v1::GetScopedTokenResponse> ClosedLoop::AskForEach() {
  int asked = 0;
  RETURN_IF_ERROR(
      Pump(kWarmingInFlight, [this, &asked]() -> std::optional<int> {
        if (asked == options_.people) return std::nullopt;
        return asked++ * options_.stride;
      }).status());
  return last_;
}

absl::StatusOr<Sample> ClosedLoop::AskOnNewChannels(int count) {
  Sample millis;
  for (int i = 0; i < count; ++i) {
    Call call;
    call.person = RandomPerson();
    Prepare(call);
    const absl::Time start = absl::Now();
    const std::unique_ptr<v1::TokenService::Stub> stub =
        v1::TokenService::NewStub(
            ConnectTo(options_.address, options_.credentials));
    call.status =
        stub->GetScopedToken(call.context.get(), call.request, &call.response);
    millis.values.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    RETURN_IF_ERROR(Take(call));
  }
  return millis;
}

}  // namespace tokenvault
