#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/landing_file.h"
#include "storage/store.h"
#include "vault/audit_events.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"
#include "vault/landing_slots.h"
#include "vault/provider_access.h"
#include "vault/provider_breaker.h"
#include "vault/refresh_counts.h"
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
//  5. A connection is marked only when the provider says, and may be believed,
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
  // Longer than the HTTP deadline and the commit after it.
  static constexpr absl::Duration kLease = absl::Seconds(45);

  // `landing` may be null: for a vault in memory.
  Refresher(const Clock& clock, Store& store, KeyKeeper& keys,
            ProviderAccess& providers, TokenCache& cache,
            std::unique_ptr<LandingFile> landing);

  // Settles what an earlier life of the daemon left behind, before any Fetch: a
  // landed answer is committed, the rest is in doubt. Calls no provider.
  // STORAGE_* when the store cannot be read; what cannot be settled now is
  // settled when the connection is next used.
  absl::Status Recover(const Directory& directory);

  const RefreshCounts& counts() const { return counts_; }
  // Providers that are in doubt now.
  std::vector<ProviderBreaker::Doubt> Doubts() const {
    return breaker_.Doubts();
  }

  // The time of day was set: what was to happen at a time is forgotten.
  void ForgetTimes();

  struct Fetched {
    std::shared_ptr<const AccessToken> token;
    ScopeEnforcement enforcement = ScopeEnforcement::kProvider;
  };

  // A token for `scopes` (a subset of connection.granted_scopes).
  //
  // GRANT_GONE: the connection now needs reconnecting. SCOPE_NOT_NARROWABLE,
  // PROVIDER_TOKEN_NOT_SHORT_LIVED by the operator's token rules.
  // STORED_SECRET_UNREADABLE. RESOURCE_DENIED if it was revoked meanwhile.
  // RATE_LIMITED when too many answers wait for the disk. PROVIDER_*,
  // STORAGE_*.
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
  // What was learnt from one answer, and the row after it was committed.
  struct Settled {
    TokenResponse response;
    Connection connection;
  };

  absl::Status CheckPause(const Connection& connection);
  absl::StatusOr<Connection> FinishInterrupted(const Provider& provider,
                                               const Connection& connection);
  absl::StatusOr<Connection> TakeLease(const Provider& provider,
                                       const Connection& connection);
  absl::StatusOr<Settled> Settle(const Provider& provider,
                                 const Connection& leased,
                                 absl::StatusOr<HttpResponse> answer);
  // `hints` are laid over those of the connection.
  absl::StatusOr<Connection> Save(
      Connection leased, Secret refresh_token, const ScopeSet& granted,
      const std::map<std::string, std::string>& hints);
  absl::Status GiveBack(const Connection& leased, const absl::Status& why);
  absl::Status LeaveInDoubt(const Provider& provider, const Connection& leased,
                            const absl::Status& why);
  // Ends the lease in one commit with a leaf; `change` may do more to the row.
  absl::Status EndLease(const Connection& leased, AuditEvent event,
                        absl::FunctionRef<void(Connection&)> change);
  void OnGrantGone(const Connection& leased);
  void MarkGone(const Connection& leased);
  void Restore(const Connection& marked);
  void KeepUnwanted(const Connection& leased, const Secret& refresh_token);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  TokenCache& cache_;
  LandingSlots slots_;
  ProviderBreaker breaker_;
  RefreshCounts counts_;
  const std::string owner_;  // this process
  // The configuration that the breaker's doubts are about.
  std::atomic<const Directory*> directory_ = nullptr;

  Mutex mutex_;
  // Until when the provider asked us to leave a connection alone.
  absl::flat_hash_map<ConnectionId, absl::Time> paused_until_
      ABSL_GUARDED_BY(mutex_);
};

// The scopes a token for `asked` is filed under: where the provider cannot
// narrow, every token of the connection is the same one.
ScopeSet TokenScopes(const Provider& provider, const ScopeSet& asked,
                     const ScopeSet& granted);

}  // namespace tokenvault
