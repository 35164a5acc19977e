#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/landing_file.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"
#include "vault/landing_slots.h"
#include "vault/provider_access.h"
#include "vault/provider_breaker.h"
#include "vault/refresh_counts.h"
#include "vault/refresh_leases.h"
#include "vault/token_cache.h"

namespace tokenvault {

// Gets an access token from the provider with a connection's refresh token, and
// never loses the grant on the way.
//
// Invariants:
//  1. Before the provider is called, a lease that says so is durable, and a
//     place for the answer is there. If it cannot be written, the provider is
//     not called.
//  2. A good answer is put down, sealed, before it is read.
//  3. A new refresh token is durable, with generation + 1, before the access
//     token that came with it leaves this class.
//  4. The HTTP request is never repeated here.
//  5. Where a refresh ends tokens already handed out, none is asked for while
//  one
//     that is held is good for as long as was asked; what can be made from it
//     is.
//  6. A connection is marked only when the provider says, and may be believed,
//     that the grant is gone; a wrong client secret, a timeout or a 5xx never
//     does.
//
//   ACTIVE ─lease─▶ (provider) ─ok──────────▶ ACTIVE, generation + 1 if rotated
//                       ├─ invalid_grant ───▶ NEEDS_RECONNECT
//                       ├─ refused, unsent ─▶ ACTIVE
//                       └─ nobody knows ────▶ ACTIVE, if the old refresh token
//                          surely still holds; else ACTIVE, in doubt
//
// In doubt (refresh_phase kUnknown, state_reason UNKNOWN_ROTATION): the
// provider may have rotated the token and we did not hear. What tokens are held
// is handed out while they last; then the same refresh token is tried again,
// which is right because nothing newer is lost by it. A token comes: the
// provider had not done it. invalid_grant: it had, and the person must
// reconnect (LOST_ROTATION).
//
// Blocks. One call per connection at a time: the caller sees to that
// (vault/single_flight.h). Otherwise thread-safe.
class Refresher {
 public:
  // `landing` may be null: for a vault in memory.
  Refresher(const Clock& clock, Store& store, KeyKeeper& keys,
            ProviderAccess& providers, TokenCache& cache,
            std::unique_ptr<LandingFile> landing);

  // Settles what an earlier life of the daemon left behind, before any Fetch: a
  // landed answer is committed, the rest is in doubt. Calls no provider.
  // STORAGE_* when the store cannot be read; what cannot be settled now is
  // settled when the connection is next used.
  absl::Status Recover(const Directory& directory);

  // Connections whose answer landed and could not be committed, and Settle for
  // each of them when the disk may have healed. Settle calls no provider; the
  // same care for one call per connection.
  std::vector<Connection> Uncommitted();
  absl::Status Settle(const Directory& directory, const Connection& connection);

  const RefreshCounts& counts() const { return counts_; }
  // Providers that are in doubt now.
  std::vector<ProviderBreaker::Doubt> Doubts() const {
    return breaker_.Doubts();
  }

  // Of a connection that is not there any more, with what landed for it.
  void Forget(const ConnectionId& connection);
  // What landed for those that were settled, or forgotten, is in no file any
  // more when this returns OK. STORAGE_*.
  absl::Status ScrubLanded() { return slots_.Scrub(); }

  // The time of day was set: what was to happen at a time is forgotten.
  void ForgetTimes();

  // What is wanted of a provider. `scopes` are a subset of what the connection
  // was granted.
  struct Wanted {
    ScopeSet scopes;
    std::string resource;
    std::optional<absl::Duration> min_ttl;
  };
  struct Fetched {
    std::shared_ptr<const AccessToken> token;
    ScopeEnforcement enforcement = ScopeEnforcement::kProvider;
  };

  // A token for what is wanted; from the provider, though not always by a
  // refresh: where it makes narrower tokens of a wide one, and a wide one is
  // held.
  //
  // GRANT_GONE: the connection now needs reconnecting. SCOPE_NOT_NARROWABLE,
  // PROVIDER_TOKEN_NOT_SHORT_LIVED by the operator's token rules.
  // STORED_SECRET_UNREADABLE. RESOURCE_DENIED if it was revoked or reconnected
  // meanwhile: look again. RATE_LIMITED when too many answers wait for the
  // disk, or while a refresh would end tokens in use. PROVIDER_*, STORAGE_*.
  //
  // When the provider gave less than the connection was granted, the row says
  // so and every token of it is void: look again.
  absl::StatusOr<Fetched> Fetch(const Directory& directory,
                                const Provider& provider,
                                const Connection& connection,
                                const Wanted& wanted);

  // What the provider's answer is worth as an AccessToken: also for the token
  // that comes with the authorization code. `received` is before the request.
  static absl::StatusOr<Fetched> ToAccessToken(
      const Directory& directory, const Provider& provider,
      TokenResponse response, const ScopeSet& asked, const ScopeSet& granted,
      absl::Time received, absl::Time not_after = absl::InfiniteFuture());

 private:
  // What was learnt from one answer, and the row after it was committed.
  struct Settled {
    TokenResponse response;
    Connection connection;
  };
  // A provider that fails again and again is left alone for a while.
  struct Pause {
    int failures = 0;  // in a row
    absl::Time until = absl::InfinitePast();
    absl::Status why;
  };

  absl::Status CheckPause(const Connection& connection);
  void NotePause(const ConnectionId& connection, const absl::Status& why);
  absl::Status CheckUse(const Provider& provider, const Connection& row,
                        const Wanted& wanted);
  absl::StatusOr<Connection> FinishInterrupted(const Provider& provider,
                                               const Connection& row);
  absl::StatusOr<Settled> Refresh(const Provider& provider,
                                  const Connection& leased,
                                  const Wanted& wanted, const TokenCall& call);
  // `asked`: the scopes of the request that this answers; empty if not known.
  absl::StatusOr<Settled> Judge(const Provider& provider,
                                const Connection& leased, const ScopeSet& asked,
                                absl::StatusOr<HttpResponse> answer);
  absl::StatusOr<Settled> Keep(const Provider& provider,
                               const Connection& leased, const ScopeSet& asked,
                               TokenResponse response);
  void NoteSaved(const Connection& leased, const absl::Status& saved);
  absl::Status OnGrantGone(const Connection& leased);
  absl::StatusOr<Fetched> Narrow(const Directory& directory,
                                 const Provider& provider,
                                 const std::shared_ptr<const AccessToken>& wide,
                                 const ScopeSet& granted, const Wanted& wanted,
                                 const TokenCall& call);
  void KeepUnwanted(const Connection& leased, const Secret& refresh_token);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  TokenCache& cache_;
  LandingSlots slots_;
  RefreshLeases leases_;
  ProviderBreaker breaker_;
  RefreshCounts counts_;

  Mutex mutex_;
  // The generation of the configuration that the breaker's doubts are about.
  std::string generation_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<ConnectionId, Pause> pauses_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<ConnectionId, TenantId> uncommitted_
      ABSL_GUARDED_BY(mutex_);
};

// The scopes a token for `asked` is filed under: where the provider cannot
// narrow, every token of the connection is the same one.
ScopeSet TokenScopes(const Provider& provider, const ScopeSet& asked,
                     const ScopeSet& granted);

}  // namespace tokenvault
