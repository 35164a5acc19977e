#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

// Asks a server for tokens, always `in_flight` at once, from one thread that
// polls one completion queue. A refusal, or anything but the token of the
// person who was asked for, ends the run with an error: a fast wrong answer is
// no result.
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
  };

  explicit ClosedLoop(Options options);

  // DATA_LOSS at the first answer that is none.
  absl::StatusOr<LoopResult> Run(int in_flight, absl::Duration length);

  // Asks once for every person, and returns the last answer: what fills the
  // caches of a server.
  absl::StatusOr<v1::GetScopedTokenResponse> AskForEach();

  // Tokens received so far, by all of the above.
  int64_t tokens() const { return tokens_; }

 private:
  struct Call;

  // Asks about call.person.
  void Send(Call& call, grpc::CompletionQueue& queue);
  absl::Status Take(const Call& call);

  const Options options_;
  std::vector<std::unique_ptr<v1::TokenService::Stub>> stubs_;
  int64_t tokens_ = 0;
  uint64_t random_ = 88172645463325252u;
};

}  // namespace tokenvault
