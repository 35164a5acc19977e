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
// Invariants:
//  1. Where the provider wants an access token (RevokesByAccessToken), that a
//     refresh is under way is durable before it is sent, and the refresh token
//     that came is, with generation + 1, before the provider is told.
//  2. kRevoked is never said on the word of a provider that was shown a refresh
//     token which may have been replaced: "never heard of it" is what it says
//     of that one, while its successor lives.
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
    kFailed,       // it said no, or what it confirmed is no proof (2);
                   // nothing more is tried
    kPending,      // it did not answer; it is told again
  };

  UpstreamRevocations(const Clock& clock, Store& store, KeyKeeper& keys,
                      ProviderAccess& providers);

  // Tells the provider of `revoked`, a row in state kRevoked as it stands in
  // the store, and commits what came of it. STORAGE_*: it stays pending.
  absl::StatusOr<Result> Tell(const Directory& directory, Connection revoked,
                              const std::string& actor);

  // Whether there is a way to tell it, as far as one knows beforehand: of one
  // that does not answer now, nothing says that there is none.
  bool CanTell(const Directory& directory, const Connection& connection);

  // Tells those providers again whose time has come. What an earlier life of
  // the daemon left behind is due at once.
  void TellDue(const Directory& directory);

  // Of a connection that is not there any more.
  void Forget(const ConnectionId& connection);

  // What came of it, for a row in state kRevoked.
  static Result Of(const Connection& revoked);

 private:
  struct Retry {
    absl::Time next;
    absl::Duration wait;
  };

  // Leaves `revoked` as it then stands in the store.
  Result Ask(const Directory& directory, Connection& revoked);
  absl::StatusOr<Result> AskProvider(const Directory& directory,
                                     const Provider& configured,
                                     Connection& revoked);
  absl::StatusOr<Secret> FetchAccessToken(const Provider& provider,
                                          const Secret& refresh_token,
                                          const TokenCall& call,
                                          Connection& revoked);
  absl::Status Write(Connection& revoked);
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

// Keeps a refresh token that came for a connection which is revoked, in place
// of the one that was used for it, so that the provider is told of it in its
// turn. The row as it is then. RESOURCE_DENIED when it is not revoked.
absl::StatusOr<Connection> KeepForRevocation(absl::Time now, Store& store,
                                             KeyKeeper& keys,
                                             Connection revoked,
                                             const Secret& refresh_token);

}  // namespace tokenvault
