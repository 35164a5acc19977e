#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/answer.h"
#include "server/authenticator.h"
#include "server/deadline_timer.h"
#include "server/limits.h"
#include "server/metrics.h"
#include "storage/store.h"
#include "vault/audit_events.h"
#include "vault/seal_switch.h"
#include "vault/worker_pool.h"

namespace tokenvault {

// One call as it came in, by whichever door.
struct ApiCall {
  PeerCredential credential;
  absl::Time deadline = absl::InfiniteFuture();
};

// What every call passes on its way in and out: who is it, may this thread
// block, has the caller's patience ended, was the refusal written down.
//
// Both doors and all APIs share one, so that a rule cannot hold at one of them
// only. Thread-safe.
class CallGate {
 public:
  CallGate(const Clock& clock, Authenticator& authenticator,
           const SealSwitch& seal, Store& store, WorkerPool& pool,
           DeadlineTimer& timer, Metrics& metrics);

  absl::Time Now() const { return clock_.Now(); }
  const Clock& clock() const { return clock_; }
  Authenticator& authenticator() { return authenticator_; }
  DeadlineTimer& timer() { return timer_; }
  Metrics& metrics() { return metrics_; }

  // Says who calls, then goes on with `entered`: on this thread when that is
  // known at once, else on one of the pool's. A refusal is in the audit log
  // before `entered` hears of it.
  // While the vault is sealed, operators alone come in.
  // AGENT_CREDENTIAL_INVALID, VAULT_SEALED, AUDIT_UNAVAILABLE, RATE_LIMITED.
  using Entered = absl::AnyInvocable<void(absl::StatusOr<Caller>)>;
  void Enter(const PeerCredential& credential, Entered entered);

  // Writes `event` as a denial for `why`, then tells `why`; or
  // AUDIT_UNAVAILABLE when that could not be written.
  using Told = absl::AnyInvocable<void(absl::Status)>;
  void Refuse(AuditEvent event, absl::Status why, Told told);

  // `answer` for a call of `method`, by which no PERMISSION_DENIED leaves
  // before it is written down. For calls whose work does not do that itself.
  template <typename Response>
  Answer<Response> Audited(const Caller& caller, absl::string_view method,
                           Answer<Response> answer) {
    return Answer<Response>([this, event = DenialOf(caller, method),
                             answer](absl::StatusOr<Response> response) {
      if (!absl::IsPermissionDenied(response.status())) {
        return answer(std::move(response));
      }
      Refuse(event, response.status(),
             [answer](absl::Status why) { answer(std::move(why)); });
    });
  }

  // Runs `work` where it may block. False: it was not taken and the caller
  // answers Overloaded().
  [[nodiscard]] bool Submit(absl::AnyInvocable<void()> work) {
    return pool_.Submit(std::move(work));
  }
  static absl::Status Overloaded();

  // An Answer that is what `late` says when the caller's deadline (or
  // `longest`, if that is sooner) passes first. What is under way goes on.
  template <typename Response>
  Answer<Response> Bounded(absl::Time deadline, absl::Duration longest,
                           absl::AnyInvocable<absl::Status()> late,
                           typename Answer<Response>::Done done) {
    Answer<Response> inner(std::move(done));
    auto id =
        timer_.At(LatestAnswer(deadline, longest),
                  [inner, late = std::move(late)]() mutable { inner(late()); });
    return Answer<Response>(
        [this, inner, id](absl::StatusOr<Response> response) {
          timer_.Cancel(id);
          inner(std::move(response));
        });
  }
  // When an answer must leave to arrive in time.
  absl::Time LatestAnswer(absl::Time deadline, absl::Duration longest) const;

 private:
  static AuditEvent DenialOf(const Caller& caller, absl::string_view method);

  const Clock& clock_;
  Authenticator& authenticator_;
  const SealSwitch& seal_;
  Store& store_;
  WorkerPool& pool_;
  DeadlineTimer& timer_;
  Metrics& metrics_;
};

}  // namespace tokenvault
