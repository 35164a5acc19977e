#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/scope_set.h"
#include "base/secret.h"

namespace tokenvault {

// Who sees to it that a token can do no more than it says. Numbers as on the
// wire (tokenvault.v1.ScopeEnforcement).
enum class ScopeEnforcement { kProvider = 1, kGrant = 2, kPolicyOnly = 3 };

inline constexpr absl::Duration kDefaultMinTtl = absl::Seconds(60);
// The most that an expire_time is before the provider's own: clocks differ and
// requests take time.
inline constexpr absl::Duration kMostExpiryMargin = absl::Seconds(60);

// An access token as the provider gave it. In memory only, for ever.
struct AccessToken {
  Secret value;
  std::string type;         // "Bearer"
  std::string token_id;     // ours; the audit log's name for it
  ScopeSet scopes;          // what it can really do
  absl::Time expire_time;   // the provider's, less a margin
  absl::Duration lifetime;  // from receipt to expire_time
  std::map<std::string, std::string> endpoint_hints;
  // An API did not take it: it is handed out no more, also to those who
  // remember it.
  mutable std::atomic<bool> rejected = false;
};

// For how long a token must still be good to be handed out. Without a wish of
// the caller's, the usual minute, but never more than half of a short life.
absl::Duration MinTtl(const std::optional<absl::Duration>& wish,
                      const AccessToken& token);
// Whether it may be handed out at `now`.
bool IsGoodEnough(const std::optional<absl::Duration>& wish,
                  const AccessToken& token, absl::Time now);

// What makes two requests want the same token.
struct TokenKey {
  TenantId tenant;
  ConnectionId connection;
  ScopeSet scopes;
  std::string resource;

  friend bool operator==(const TokenKey&, const TokenKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const TokenKey& k) {
    return H::combine(std::move(h), k.tenant, k.connection, k.scopes,
                      k.resource);
  }
};

// Whether what was read about a connection still holds. Taken before the row is
// read; goes false when the connection changes, at once and for every holder.
using Validity = std::shared_ptr<const std::atomic<bool>>;

// Access tokens by (connection, scope set, resource). Bounded; thread-safe;
// short locks.
//
//   Validity validity = cache.ValidityOf(connection);   // first
//   …read the row, refresh…
//   cache.Put(key, token, validity);  // dropped if the connection moved
class TokenCache {
 public:
  explicit TokenCache(size_t max_entries);

  Validity ValidityOf(const ConnectionId& connection);
  // Everything known about the connection is void from now on: it was revoked,
  // paused, reconnected, or its agents changed.
  void Invalidate(const ConnectionId& connection);

  // The same, and its tokens leave memory now rather than when they are next
  // looked for.
  void Forget(const ConnectionId& connection);

  // Both for all connections.
  void InvalidateAll();

  // Null unless it is there, valid, not rejected, and not past its expire_time.
  std::shared_ptr<const AccessToken> Find(const TokenKey& key, absl::Time now);
  void Put(const TokenKey& key, std::shared_ptr<const AccessToken> token,
           Validity validity, absl::Time now);
  // What a token is filed under, while it is the current one for that.
  std::optional<TokenKey> KeyOf(const std::string& token_id);
  // The current token of that id is not handed out again.
  void Reject(const std::string& token_id);
  // Until when a token of the connection, for whatever scopes, is good.
  // InfinitePast when there is none.
  absl::Time HeldUntil(const ConnectionId& connection);
  // Until when the last token works that was ever put here, if no API rejects
  // it: Invalidate takes nothing back that an agent has. As the provider says,
  // without the margin. InfinitePast when there was none.
  absl::Time CopiesUntil(const ConnectionId& connection);

 private:
  struct Entry {
    std::shared_ptr<const AccessToken> token;
    Validity validity;
  };
  const AccessToken* CurrentOf(const std::string& token_id) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_entries_;
  Mutex mutex_;
  absl::flat_hash_map<TokenKey, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Of every entry, and for a while of some that went.
  absl::flat_hash_map<std::string, TokenKey> keys_ ABSL_GUARDED_BY(mutex_);
  struct Known {
    std::shared_ptr<std::atomic<bool>> validity;
    absl::Time good_until = absl::InfinitePast();  // the longest of its tokens
  };
  absl::flat_hash_map<ConnectionId, Known> known_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<ConnectionId, absl::Time> copies_until_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
