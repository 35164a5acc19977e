#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/audit_events.h"
#include "vault/directory.h"
#include "vault/erasing_people.h"
#include "vault/key_keeper.h"
#include "vault/turns.h"

namespace tokenvault {

// What a question is about, before it is asked.
struct Question {
  InteractionKind kind = InteractionKind::kConsent;
  TenantId tenant;
  AgentId agent;
  UserId user;
  ProviderId provider;
  ConnectionId connection;  // set when it exists
  ScopeSet scopes;
  ScopeSet missing_scopes;
  std::string purpose;
  std::string return_uri;
  std::string request_id;
  ScopeSet optional_scopes;
  std::string task_id;
  AgentId confirmer;
};

// A question as the agent gets it.
struct AskedQuestion {
  Interaction interaction;
  std::string url;  // "" once settled
};

// Questions to people: asked, waited for, settled. Thread-safe.
class Interactions {
 public:
  // How long a link works, and how many may be open for one agent, person and
  // provider.
  static constexpr absl::Duration kLifetime = absl::Minutes(10);
  static constexpr int kMaxPending = 5;

  Interactions(Store& store, const KeyKeeper& keys);

  // Asks, or returns the same question if it is still open. One whose link
  // belongs to a browser already (Interaction::browser_hash) is withdrawn and
  // asked anew. Durable, with its audit leaf, before it returns. RATE_LIMITED,
  // STORAGE_*.
  absl::StatusOr<AskedQuestion> Ask(const Question& question,
                                    const std::string& public_url,
                                    absl::Time now);

  // A question of its own, with its link, that is asked once the caller has
  // inserted it. VAULT_SEALED.
  absl::StatusOr<AskedQuestion> New(const Question& question,
                                    absl::Duration lifetime,
                                    const std::string& public_url,
                                    absl::Time now) const;

  // For the agent that asked; anyone else gets RESOURCE_DENIED. A pending one
  // past its time reads as expired.
  absl::StatusOr<AskedQuestion> Get(const TenantId& tenant,
                                    const AgentId& agent,
                                    const InteractionId& id,
                                    const std::string& public_url,
                                    absl::Time now) const;
  absl::StatusOr<AskedQuestion> Cancel(const TenantId& tenant,
                                       const AgentId& agent,
                                       const InteractionId& id,
                                       const std::string& request_id,
                                       absl::Time now);

  // By the id in a link, whatever its state. NOT_FOUND, VAULT_SEALED.
  absl::StatusOr<Interaction> FindByLink(const std::string& link_id) const;
  // The id in this question's link: "/c/<link id>". VAULT_SEALED.
  absl::StatusOr<std::string> LinkIdOf(const InteractionId& id) const;
  // The link. VAULT_SEALED.
  absl::StatusOr<std::string> LinkTo(const InteractionId& id,
                                     const std::string& public_url) const;
  // Who is asked nothing now, because they are being erased.
  ErasingPeople& erasing() { return erasing_; }

  // Writes the new state in `batch`'s commit, then wakes who waits.
  // VERSION_CONFLICT if somebody settled it first.
  absl::Status Settle(Interaction interaction, InteractionState state,
                      std::string denial_reason, WriteBatch batch);

  // `wake` runs once: when the question settles. From the thread that settled
  // it. Take it back with StopWaiting, after which it will not run.
  using WaitId = uint64_t;
  WaitId Wait(const InteractionId& id, absl::AnyInvocable<void()> wake);
  void StopWaiting(WaitId id);

 private:
  // What the limit of open questions is about.
  using Topic = std::tuple<TenantId, AgentId, UserId, ProviderId>;

  absl::StatusOr<AskedQuestion> AskAlone(const Question& question,
                                         const std::string& public_url,
                                         absl::Time now);
  void Wake(const InteractionId& id);

  Store& store_;
  const KeyKeeper& keys_;
  ErasingPeople erasing_;
  Turns<Topic> turns_;
  Mutex mutex_;
  WaitId next_wait_ ABSL_GUARDED_BY(mutex_) = 1;
  struct Waiter {
    InteractionId interaction;
    absl::AnyInvocable<void()> wake;
  };
  std::map<WaitId, Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
};

// A leaf about something that the person who was asked did.
AuditEvent InteractionEvent(const Interaction& interaction,
                            absl::string_view kind);

// The state as of `now`: a pending question past its time is expired.
InteractionState StateAt(const Interaction& interaction, absl::Time now);
// Whether it can still be answered. INTERACTION_USED, INTERACTION_EXPIRED,
// INTERACTION_DENIED (also for cancelled and refused).
absl::Status CheckOpen(const Interaction& question, absl::Time now);

}  // namespace tokenvault
