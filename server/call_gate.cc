#include "server/call_gate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"

namespace tokenvault {

CallGate::CallGate(const Clock& clock, Authenticator& authenticator,
                   const SealSwitch& seal, Store& store, WorkerPool& pool,
                   DeadlineTimer& timer, Metrics& metrics)
    : clock_(clock),
      authenticator_(authenticator),
      seal_(seal),
      store_(store),
      pool_(pool),
      timer_(timer),
      metrics_(metrics) {}

absl::Status CallGate::Overloaded() {
  return errors::RateLimited("waiting_requests", kOverloadRetry);
}

absl::Time CallGate::LatestAnswer(absl::Time deadline,
                                  absl::Duration longest) const {
  return std::min(deadline - kAnswerMargin, clock_.Now() + longest);
}

void CallGate::Enter(const PeerCredential& credential, Entered entered) {
  auto let_in = [this](Entered entered, absl::StatusOr<Caller> caller) {
    if (caller.ok() && !caller->is_operator && seal_.sealed()) {
      return entered(errors::VaultSealed());
    }
    if (caller.ok() ||
        !HasReason(caller.status(), "AGENT_CREDENTIAL_INVALID")) {
      return entered(std::move(caller));
    }
    AuditEvent event;
    event.kind = audit_kind::kAgentRefused;
    event.actor = "unknown";
    event.detail = MetadataOf(caller.status(), "problem");
    Refuse(std::move(event), caller.status(),
           [entered = std::move(entered)](absl::Status why) mutable {
             entered(std::move(why));
           });
  };

  std::optional<absl::StatusOr<Caller>> known =
      authenticator_.TryIdentify(credential);
  if (known.has_value()) return let_in(std::move(entered), *std::move(known));

  // Shared, so that it is still ours when the pool does not take the job.
  auto waiting = std::make_shared<Entered>(std::move(entered));
  bool taken = Submit([this, credential, waiting, let_in] {
    let_in(std::move(*waiting), authenticator_.Identify(credential));
  });
  if (!taken) (*waiting)(Overloaded());
}

AuditEvent CallGate::DenialOf(const Caller& caller, absl::string_view method) {
  AuditEvent event;
  event.kind = audit_kind::kCallDenied;
  event.actor = "operator";
  event.detail = std::string(method);
  if (caller.agent != nullptr) {
    event.tenant = caller.agent->tenant;
    event.actor = absl::StrCat("agents/", caller.agent->id.value);
  }
  return event;
}

void CallGate::Refuse(AuditEvent event, absl::Status why, Told told) {
  event.outcome = "denied";
  event.reason = ReasonOf(why);
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  store_.Commit(std::move(batch),
                [this, why = std::move(why),
                 told = std::move(told)](absl::Status written) mutable {
                  if (written.ok()) return told(std::move(why));
                  metrics_.CountAuditError(clock_.Now());
                  told(NotAudited(written));
                });
}

}  // namespace tokenvault
