#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/closed_loop.h"
#include "tokenvault/v1/token_service.grpc.pb.h"

namespace tokenvault {

// One call to GetScopedToken and how it ended.
struct TokenAnswer {
  int person = 0;
  std::string request_id;  // as it was asked with
  int kind = 0;            // the scenario's own mark
  absl::Time sent;
  absl::Time received;
  grpc::Status status;
  v1::GetScopedTokenResponse response;

  absl::Duration took() const { return received - sent; }
};

// OK when that is the token of the person who was asked about. DATA_LOSS
// otherwise.
absl::Status CheckIsToken(const TokenAnswer& answer);

// Asks a server for tokens over as many connections as wanted, from one thread
// with one completion queue. When to ask whom, and what an answer is worth, is
// the scenario's business: ClosedLoop is for those that want neither.
//
//   Caller caller(address, 4);
//   RETURN_IF_ERROR(caller.Connect());
//   caller.Ask({.person = 7});
//   const TokenAnswer* answer = caller.Next(absl::InfiniteFuture());
//
// Not thread-safe. Its destructor gives up what is in flight.
class Caller {
 public:
  struct Question {
    int person = 0;
    std::string request_id = {};  // a UUID, or none
    int kind = 0;
    // When it was meant to be sent; now unless set. A pace that falls behind
    // must not hide it.
    absl::Time due = absl::InfinitePast();
  };

  Caller(const std::string& address, int connections);
  ~Caller();

  // Waits until every connection stands, so that none is made under load.
  // UNAVAILABLE when one does not.
  absl::Status Connect();

  void Ask(Question question);
  // The next answer, good until the following call; null when none has come by
  // `until`, or nothing is in flight.
  const TokenAnswer* Next(absl::Time until);
  int in_flight() const { return in_flight_; }

 private:
  struct Call;

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<v1::TokenService::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  std::deque<std::unique_ptr<Call>> calls_;
  std::vector<Call*> free_;
  Call* last_ = nullptr;  // whose answer Next gave
  size_t next_stub_ = 0;
  int in_flight_ = 0;
};

// Asks once about each of `people`, `in_flight` at a time. The first answer
// that is no token ends it with an error.
absl::StatusOr<LoopResult> AskAbout(Caller& caller,
                                    const std::vector<int>& people,
                                    int in_flight);

// `count` numbers from `first` on.
std::vector<int> PeopleFrom(int first, int count);

}  // namespace tokenvault
