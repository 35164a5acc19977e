#pragma once

#include <grpcpp/security/credentials.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/sample.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {

// What one run of the loop saw.
struct LoopResult {
  int64_t answers = 0;
  absl::Duration elapsed;
  Sample micros;  // one per answer

  double PerSecond() const {
    return static_cast<double>(answers) / absl::ToDoubleSeconds(elapsed);
  }
};

// OK when that is a token, and that of `person` unless nobody is meant.
// DATA_LOSS otherwise.
absl::Status CheckToken(const grpc::Status& status,
                        const v1::GetScopedTokenResponse& response,
                        std::optional<int> person);

// Asks a server for tokens, always `in_flight` at once, from one thread that
// polls one completion queue. Anything but the token of the person who was
// asked for (or the refusal, where that is the right answer) ends the run with
// an error: a fast wrong answer is no result.
//
// Not thread-safe.
class ClosedLoop {
 public:
  struct Options {
    std::string address;
    int people = 0;
    // The server knows people, and each answer must be the right one's. An echo
    // knows none.
    bool check_person = true;
    // Who asks; "" is whoever the certificate in `credentials` names.
    std::string agent = "bench-agent";
    std::string scope = "calendar.read";
    // When it is not empty, each answer must be a refusal for this reason.
    std::string refusal = "";
    // Every `stride`th person of the server is one of `people`.
    int stride = 1;
    // By which to connect; null is plain text.
    std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
  };

  explicit ClosedLoop(Options options);

  // DATA_LOSS at the first answer that is none.
  absl::StatusOr<LoopResult> Run(int in_flight, absl::Duration length);

  // Asks once for every person, and returns the last answer: what fills the
  // caches of a server.
  absl::StatusOr<v1::GetScopedTokenResponse> AskForEach();

  // The milliseconds from nothing to the first answer: `count` times, one after
  // the other, each on a connection of its own.
  absl::StatusOr<Sample> AskOnNewChannels(int count);

  // Tokens received so far, by all of the above; and refusals.
  int64_t tokens() const { return tokens_; }
  int64_t refusals() const { return refusals_; }

 private:
  struct Call;

  // Keeps `in_flight` requests open for as long as `next` names a person.
  absl::StatusOr<LoopResult> Pump(int in_flight,
                                  absl::FunctionRef<std::optional<int>()> next);
  // Asks about call.person.
  void Send(Call& call, grpc::CompletionQueue& queue);
  void Prepare(Call& call) const;
  absl::Status Take(const Call& call);
  int RandomPerson();

  const Options options_;
  std::vector<std::unique_ptr<v1::TokenService::Stub>> stubs_;
  v1::GetScopedTokenResponse last_;
  int64_t tokens_ = 0;
  int64_t refusals_ = 0;
  uint64_t random_ = 88172645463325252u;
};

}  // namespace tokenvault
