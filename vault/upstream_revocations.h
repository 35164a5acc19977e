#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"
#include "vault/provider_access.h"

namespace tokenvault {

// Ends grants at their providers, after they ended here. The sealed refresh
// token is all there is to do that with, so it is kept until the provider has
// answered; nobody else can use it, since the connection is revoked.
//
//   revoked ──told, confirmed────────────▶ erased
//      ├──────cannot be told, or says no─▶ erased, and says so
//      └──────did not answer─────────────▶ kept, told again later
//
// Blocks; thread-safe. Telling a provider twice does no harm.
class UpstreamRevocations {
 public:
  // Between two tries, doubled from the first to the second.
  static constexpr absl::Duration kFirstWait = absl::Minutes(1);
  static constexpr absl::Duration kLongestWait = absl::Hours(6);

  enum class Result {
    kRevoked,      // the provider ended it
    kUnsupported,  // it has no way to be told, or is configured no more
    kFailed,       // it was told and said no; nothing more is tried
    kPending,      // it did not answer; it is told again
  };

  UpstreamRevocations(const Clock& clock, Store& store, KeyKeeper& keys,
                      ProviderAccess& providers);

  // Tells the provider of `revoked`, a row in state kRevoked as it stands in
  // the store, and commits what came of it. STORAGE_*: it stays pending.
  absl::StatusOr<Result> Tell(const Directory& directory, Connection revoked,
                              const std::string& actor);

  // Tells those providers again whose time has come. What an earlier life of
  // the daemon left behind is due at once.
  void TellDue(const Directory& directory);

  // What came of it, for a row in state kRevoked.
  static Result Of(const Connection& revoked);

 private:
  struct Retry {
    absl::Time next;
    absl::Duration wait;
  };

  Result Ask(const Directory& directory, const Connection& revoked);
  absl::StatusOr<bool> IsConnectedAgain(const Connection& revoked) const;
  bool IsDue(const ConnectionId& connection, absl::Time now);
  void Schedule(const ConnectionId& connection, Result result);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;

  Mutex mutex_;
  absl::flat_hash_map<ConnectionId, Retry> retries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
