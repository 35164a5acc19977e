#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/errors.h"

namespace tokenvault {

// The way back to one caller, shared by all who may answer: the work, and the
// timer that loses patience with it. The first answer counts, later ones are
// dropped. If nobody answers, the caller still gets one (INTERNAL), so that no
// call hangs for ever.
//
// A handle; copies are the same way back. Thread-safe.
template <typename Response>
class Answer {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  explicit Answer(Done done) : state_(std::make_shared<State>()) {
    state_->done = std::move(done);
  }

  void operator()(absl::StatusOr<Response> response) const {
    if (!state_->given.exchange(true)) state_->done(std::move(response));
  }
  bool given() const { return state_->given; }

 private:
  struct State {
    ~State() {
      if (!given) done(errors::Internal("a call was dropped unanswered"));
    }
    std::atomic<bool> given{false};
    Done done;
  };
  std::shared_ptr<State> state_;
};

}  // namespace tokenvault
