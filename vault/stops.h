#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "storage/store.h"

namespace tokenvault {

// What an operator stopped: no token leaves the vault for it, by whichever
// door, until the stop is lifted. Stops outlive the process.
//
// Of a stop that was acknowledged, two things hold:
//  1. No caller got a token whose leaf stands behind that of the stop. Who
//     hands one out looks here once more when its leaf is durable; the store's
//     thread wrote the stop's before, and it held before that.
//  2. It holds after a restart, whatever ended the process.
//
// A stop holds in memory first and is written down then. One that could not be
// written holds all the same, until the process ends, and Add says that it is
// not on disk; the other way round, what is lifted in memory is lifted on disk
// already. So whatever fails, too much is stopped and never too little.
//
// Thread-safe. Check costs one atomic load while nothing is stopped.
//
//   stops.Load();                                 // before any call is served
//   RETURN_IF_ERROR(stops.Check({tenant, agent, user, connection, provider}));
class Stops {
 public:
  // Who asks for a token of what. Empty is not known yet, and stopped by the
  // vault's stop alone.
  struct Subject {
    const TenantId& tenant;
    const AgentId& agent;
    const UserId& user;
    const ConnectionId& connection;
    const ProviderId& provider;
  };

  // Who orders it, for the audit log; and of a connection, whose it is.
  struct Order {
    Stop stop;  // its create_time is set by Add
    std::string actor;
    std::string request_id;
    UserId user = {};
    ProviderId provider = {};
  };

  Stops(const Clock& clock, Store& store) : clock_(clock), store_(store) {}

  // Reads what was stopped by earlier processes. STORAGE_*.
  absl::Status Load();

  // ISSUANCE_STOPPED, with what is.
  absl::Status Check(const Subject& subject) const {
    if (!any_.load()) return absl::OkStatus();
    return CheckEach(subject);
  }

  // Holds when it returns; `done` runs once, when that is durable too. Never
  // blocks. ALREADY_EXISTS when it was stopped before: then nothing was
  // written. AUDIT_UNAVAILABLE, RATE_LIMITED: it holds, but is not on disk.
  using Done = absl::AnyInvocable<void(absl::Status)>;
  void Add(Order order, Done done);
  // Ends when `done` runs with OK. `order.stop.why` is why it ends. NOT_FOUND
  // when it is not stopped, AUDIT_UNAVAILABLE, RATE_LIMITED.
  void Lift(Order order, Done done);

  // The oldest first.
  std::vector<Stop> List() const;
  bool Holds(StopKind kind, const TenantId& tenant,
             const std::string& name) const;

  // Of somebody of whom nothing is kept any more, their stop neither.
  void Forget(const TenantId& tenant, const UserId& user);

 private:
  struct Key {
    StopKind kind;
    TenantId tenant;
    std::string name;

    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.kind, key.tenant, key.name);
    }
  };
  using Held = absl::flat_hash_map<Key, Stop>;

  static Key KeyOf(const Stop& stop) {
    return {stop.kind, stop.tenant, stop.name};
  }
  absl::Status CheckEach(const Subject& subject) const;
  std::shared_ptr<const Held> Current() const;
  void Hold(const Stop& stop);
  void Release(const Key& key);
  void Swap(Held next) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LiftUnwritten(Order order, Done done);

  const Clock& clock_;
  Store& store_;
  std::atomic<bool> any_{false};
  mutable Mutex mutex_;
  std::shared_ptr<const Held> held_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const Held>();
};

// "vault", "agent", "user", "connection", "provider": for statuses, metrics.
absl::string_view NameOf(StopKind kind);

}  // namespace tokenvault
