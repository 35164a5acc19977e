#include "bench/caller.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/seeded_vault.h"
#include "bench/transport.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kCallPatience = absl::Seconds(30);
constexpr absl::Duration kConnectPatience = absl::Seconds(10);

std::chrono::system_clock::time_point GrpcDeadline(absl::Time time) {
  // gRPC's own clock has no room for times at the end of the world.
  return absl::ToChronoTime(
      std::min(time, absl::Now() + absl::Hours(24 * 365)));
}

}  // namespace

absl::Status CheckIsToken(const TokenAnswer& answer) {
  return CheckToken(answer.status, answer.response, answer.person);
}

struct Caller::Call {
  TokenAnswer answer;
  std::unique_ptr<grpc::ClientContext> context;
  v1::GetScopedTokenRequest request;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetScopedTokenResponse>>
      reader;
};

Caller::Caller(const std::string& address, int connections) {
  for (int i = 0; i < connections; ++i) {
    channels_.push_back(ConnectTo(address, /*credentials=*/nullptr));
    stubs_.push_back(v1::TokenService::NewStub(channels_.back()));
  }
}

Caller::~Caller() {
  for (const std::unique_ptr<Call>& call : calls_) {
    if (call->context != nullptr) call->context->TryCancel();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool good = false;
  while (queue_.Next(&tag, &good)) {
  }
}

absl::Status Caller::Connect() {
  const absl::Time until = absl::Now() + kConnectPatience;
  for (const std::shared_ptr<grpc::Channel>& channel : channels_) {
    if (!channel->WaitForConnected(GrpcDeadline(until))) {
      return absl::UnavailableError("the daemon takes no connection");
    }
  }
  return absl::OkStatus();
}

void Caller::Ask(Question question) {
  if (free_.empty()) {
    calls_.push_back(std::make_unique<Call>());
    free_.push_back(calls_.back().get());
  }
  Call& call = *free_.back();
  free_.pop_back();
  call.answer.person = question.person;
  call.answer.request_id = std::move(question.request_id);
  call.answer.kind = question.kind;
  call.context = std::make_unique<grpc::ClientContext>();
  call.context->AddMetadata("authorization", "Bearer bench-agent");
  call.request.set_provider("providers/bench");
  call.request.mutable_subject()->set_user_id(SubjectOf(question.person));
  call.request.set_request_id(call.answer.request_id);
  if (call.request.scopes().empty()) call.request.add_scopes("calendar.read");
  const absl::Time now = absl::Now();
  call.answer.sent = question.due == absl::InfinitePast() ? now : question.due;
  call.context->set_deadline(GrpcDeadline(now + kCallPatience));
  call.reader = stubs_[next_stub_]->AsyncGetScopedToken(call.context.get(),
                                                        call.request, &queue_);
  call.reader->Finish(&call.answer.response, &call.answer.status, &call);
  next_stub_ = (next_stub_ + 1) % stubs_.size();
  ++in_flight_;
}

const TokenAnswer* Caller::Next(absl::Time until) {
  if (last_ != nullptr) free_.push_back(std::exchange(last_, nullptr));
  if (in_flight_ == 0) return nullptr;
  void* tag = nullptr;
  bool good = false;
  if (queue_.AsyncNext(&tag, &good, GrpcDeadline(until)) !=
      grpc::CompletionQueue::GOT_EVENT) {
    return nullptr;
  }
  --in_flight_;
  last_ = static_cast<Call*>(tag);
  last_->answer.received = absl::Now();
  return &last_->answer;
}

absl::StatusOr<LoopResult> AskAbout(Caller& caller,
                                    const std::vector<int>& people,
                                    int in_flight) {
  LoopResult result;
  const absl::Time start = absl::Now();
  size_t asked = 0;
  while (result.answers < static_cast<int64_t>(people.size())) {
    while (caller.in_flight() < in_flight && asked < people.size()) {
      caller.Ask({.person = people[asked++]});
    }
    const TokenAnswer* answer = caller.Next(absl::InfiniteFuture());
    if (answer == nullptr) return absl::DataLossError("an answer is missing");
    RETURN_IF_ERROR(CheckIsToken(*answer));
    ++result.answers;
    result.micros.values.push_back(absl::ToDoubleMicroseconds(answer->took()));
  }
  result.elapsed = absl::Now() - start;
  return result;
}

std::vector<int> PeopleFrom(int first, int count) {
  std::vector<int> people(static_cast<size_t>(count));
  std::iota(people.begin(), people.end(), first);
  return people;
}

}  // namespace tokenvault
