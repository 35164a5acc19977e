#include "vault/token_cache.h"

#include <algorithm>
#include <utility>

namespace tokenvault {

TokenCache::TokenCache(size_t max_entries) : max_entries_(max_entries) {}

Validity TokenCache::ValidityOf(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  auto& validity = known_[connection].validity;
  if (validity == nullptr) validity = std::make_shared<std::atomic<bool>>(true);
  return validity;
}

void TokenCache::Invalidate(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  auto it = known_.find(connection);
  if (it == known_.end()) return;
  it->second.validity->store(false);
  known_.erase(it);
}

std::shared_ptr<const AccessToken> TokenCache::Find(const TokenKey& key,
                                                    absl::Time now) {
  MutexLock lock(mutex_);
  auto it = entries_.find(key);
  if (it == entries_.end()) return nullptr;
  if (!it->second.validity->load() || it->second.token->expire_time <= now) {
    entries_.erase(it);
    return nullptr;
  }
  return it->second.token;
}

void TokenCache::Put(const TokenKey& key,
                     std::shared_ptr<const AccessToken> token,
                     Validity validity, absl::Time now) {
  MutexLock lock(mutex_);
  if (!validity->load()) return;
  if (entries_.size() >= max_entries_) MakeRoom(now);
  // A valid flag is that of the map.
  absl::Time& good_until = known_[key.connection].good_until;
  good_until = std::max(good_until, token->expire_time);
  entries_.insert_or_assign(key, Entry{std::move(token), std::move(validity)});
}

bool TokenCache::HoldsAny(const ConnectionId& connection, absl::Time now) {
  MutexLock lock(mutex_);
  auto it = known_.find(connection);
  return it != known_.end() && now < it->second.good_until;
}

void TokenCache::MakeRoom(absl::Time now) {
  absl::erase_if(entries_, [now](const auto& entry) {
    return !entry.second.validity->load() ||
           entry.second.token->expire_time <= now;
  });
  // All of them good and still too many: any one can be fetched again.
  if (entries_.size() >= max_entries_) entries_.erase(entries_.begin());
  // Flags that only this map holds say nothing to anybody.
  absl::erase_if(known_, [](const auto& known) {
    return known.second.validity.use_count() == 1;
  });
}

}  // namespace tokenvault
