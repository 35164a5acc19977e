#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "vault/token_cache.h"

namespace tokenvault {

// One refresh per connection at a time, within this process. The first caller
// flies; who comes meanwhile leaves a continuation, not a thread.
//
//   if (!flights.TakeOff(connection, std::move(on_landing))) return;  // joined
//   …refresh…
//   flights.Land(connection, key, status);
//
// Thread-safe.
class SingleFlight {
 public:
  // What a waiter learns: which token was fetched, and how that went.
  using OnLanding =
      absl::AnyInvocable<void(const TokenKey& key, const absl::Status& status)>;

  // True: the caller flies and must Land; `on_landing` was not kept. False: it
  // runs when the flight under way lands.
  bool TakeOff(const ConnectionId& connection, OnLanding on_landing);
  void Land(const ConnectionId& connection, const TokenKey& key,
            const absl::Status& status);

 private:
  Mutex mutex_;
  absl::flat_hash_map<ConnectionId, std::vector<OnLanding>> flights_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
