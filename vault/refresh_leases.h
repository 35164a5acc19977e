#pragma once

#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/scope_set.h"
#include "base/secret.h"
#include "oauth/provider.h"
#include "storage/store.h"
#include "vault/audit_events.h"
#include "vault/key_keeper.h"
#include "vault/landing_slots.h"

namespace tokenvault {

// What a connection in doubt says of itself (docs/errors.md).
inline constexpr char kUnknownRotation[] = "UNKNOWN_ROTATION";
inline constexpr char kLostRotation[] = "LOST_ROTATION";

// Takes off the row what says that a refresh of it is under way.
void DropLease(Connection& row);

// A refresh as the store sees it: taken with a lease that says "maybe sent",
// ended in one commit with its audit leaf.
//
// The lease is a mark for who comes after a crash, and its epoch a fence: who
// finds that the row has moved on (the person reconnected, revoked, or was
// erased) changes
// nothing, empties the slot, and says RESOURCE_DENIED. A row that was only
// renamed or paused meanwhile is read again.
//
// Thread-safe; one refresh per connection at a time, by its caller's care.
class RefreshLeases {
 public:
  // Longer than the HTTP deadline and the commit after it.
  static constexpr absl::Duration kLease = absl::Seconds(45);

  RefreshLeases(const Clock& clock, Store& store, KeyKeeper& keys,
                LandingSlots& slots);

  // Durable when it returns: from here on the provider may be called. The row
  // as it is then. RESOURCE_DENIED, GRANT_GONE (there is no refresh token),
  // RATE_LIMITED (no slot), STORAGE_*.
  absl::StatusOr<Connection> Take(const Connection& row);

  // OK while the row is still the one that `leased` says.
  absl::Status CheckHeld(const Connection& leased);

  // What a good answer brought. An empty refresh token: the old one stays.
  // Otherwise it is kept under the next generation. `hints` are laid over those
  // of the row. What the disk does not take stays where it landed, and is
  // logged.
  absl::StatusOr<Connection> Save(
      const Connection& leased, const Secret& refresh_token,
      const ScopeSet& granted, const std::map<std::string, std::string>& hints);

  // Nothing happened at the provider. A doubt from before goes on.
  absl::Status GiveBack(const Connection& leased, const absl::Status& why);

  // Nobody knows what happened. Where the old refresh token surely still holds,
  // that is no doubt.
  absl::Status LeaveInDoubt(const Provider& provider, const Connection& leased,
                            const absl::Status& why);

  // The grant is gone: the person must reconnect.
  absl::Status MarkGone(const Connection& leased);

  // Takes such a mark back, made on the word of a provider that is in doubt
  // now; unless the row has changed since.
  absl::Status Unmark(const Connection& marked);

 private:
  absl::StatusOr<WriteBatch> BatchFor(const Connection& row,
                                      const Secret& refresh_token,
                                      Connection& next);
  bool IsGone(Connection& row) const;
  absl::Status LetGo(const Connection& leased);
  absl::Status End(const Connection& leased, AuditEvent event,
                   absl::FunctionRef<void(Connection&)> change);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  LandingSlots& slots_;
  const std::string owner_;  // this process
};

}  // namespace tokenvault
