#pragma once

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"
#include "vault/provider_access.h"
#include "vault/token_cache.h"

namespace tokenvault {

// Gets an access token from the provider with a connection's refresh token.
//
// Invariants:
//  1. Before the provider is called, a lease on the connection is durable. If
//     it cannot be written, the provider is not called.
//  2. A new refresh token is durable, with generation + 1, before the access
//     token that came with it leaves this class.
//  3. The HTTP request is never repeated here.
//  4. Only an answer that says the grant is gone marks a connection; a wrong
//     client secret, a timeout or a 5xx never does.
//
//   ACTIVE ─lease─▶ (provider) ─ok──────────▶ ACTIVE, generation + 1 if rotated
//                       ├─ invalid_grant ───▶ NEEDS_RECONNECT
//                       └─ anything else ───▶ ACTIVE, the lease is given back
//
// Blocks. One call per connection at a time: the caller sees to that
// (vault/single_flight.h). Otherwise thread-safe.
class Refresher {
 public:
  // Longer than the HTTP deadline and the commit after it.
  static constexpr absl::Duration kLease = absl::Seconds(45);

  Refresher(const Clock& clock, Store& store, KeyKeeper& keys,
            ProviderAccess& providers, TokenCache& cache);

  struct Fetched {
    std::shared_ptr<const AccessToken> token;
    ScopeEnforcement enforcement = ScopeEnforcement::kProvider;
  };

  // A token for `scopes` (a subset of connection.granted_scopes).
  //
  // GRANT_GONE: the connection now needs reconnecting. SCOPE_NOT_NARROWABLE,
  // PROVIDER_TOKEN_NOT_SHORT_LIVED by the operator's token rules.
  // STORED_SECRET_UNREADABLE. RESOURCE_DENIED if it was revoked meanwhile.
  // PROVIDER_*, STORAGE_*.
  absl::StatusOr<Fetched> Fetch(const Directory& directory,
                                const Provider& provider,
                                const Connection& connection,
                                const ScopeSet& scopes,
                                const std::string& resource);

  // What the provider's answer is worth as an AccessToken: also for the token
  // that comes with the authorization code. `received` is before the request.
  static absl::StatusOr<Fetched> ToAccessToken(const Directory& directory,
                                               const Provider& provider,
                                               TokenResponse response,
                                               const ScopeSet& asked,
                                               const ScopeSet& granted,
                                               absl::Time received);

 private:
  // A refresh token that the provider gave and the disk did not take. It is
  // written before anything else happens to its connection.
  struct Unsaved {
    uint64_t lease_epoch;
    Secret refresh_token;
    ScopeSet granted_scopes;
  };

  absl::StatusOr<Connection> TakeLease(const Connection& connection);
  absl::StatusOr<Connection> Save(Connection leased, Secret refresh_token,
                                  const ScopeSet& granted);
  absl::Status GiveBack(const Connection& leased, const absl::Status& why);
  void MarkGone(const Connection& leased);
  absl::Status SaveUnsaved(const Connection& connection);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  TokenCache& cache_;
  const std::string owner_;  // this process

  Mutex mutex_;
  absl::flat_hash_map<ConnectionId, Unsaved> unsaved_ ABSL_GUARDED_BY(mutex_);
};

// The scopes a token for `asked` is filed under: where the provider cannot
// narrow, every token of the connection is the same one.
ScopeSet TokenScopes(const Provider& provider, const ScopeSet& asked,
                     const ScopeSet& granted);

}  // namespace tokenvault
