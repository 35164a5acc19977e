#include "vault/token_cache.h"

#include <algorithm>
#include <utility>

namespace tokenvault {

absl::Duration MinTtl(const std::optional<absl::Duration>& wish,
                      const AccessToken& token) {
  return wish.value_or(std::min(kDefaultMinTtl, token.lifetime / 2));
}

bool IsGoodEnough(const std::optional<absl::Duration>& wish,
                  const AccessToken& token, absl::Time now) {
  return !token.rejected.load() &&
         token.expire_time - now >= MinTtl(wish, token);
}

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

void TokenCache::Forget(const ConnectionId& connection) {
  Invalidate(connection);
  MutexLock lock(mutex_);
  absl::erase_if(entries_, [&connection](const auto& entry) {
    return entry.first.connection == connection;
  });
  absl::erase_if(keys_, [&connection](const auto& key) {
    return key.second.connection == connection;
  });
}

void TokenCache::InvalidateAll() {
  MutexLock lock(mutex_);
  for (auto& [connection, known] : known_) known.validity->store(false);
  known_.clear();
  keys_.clear();
  entries_.clear();
}

std::shared_ptr<const AccessToken> TokenCache::Find(const TokenKey& key,
                                                    absl::Time now) {
  MutexLock lock(mutex_);
  auto it = entries_.find(key);
  if (it == entries_.end()) return nullptr;
  const AccessToken& token = *it->second.token;
  if (!it->second.validity->load() || token.rejected.load() ||
      token.expire_time <= now) {
    keys_.erase(token.token_id);
    entries_.erase(it);
    return nullptr;
  }
  return it->second.token;
}

const AccessToken* TokenCache::CurrentOf(const std::string& token_id) const {
  auto key = keys_.find(token_id);
  if (key == keys_.end()) return nullptr;
  auto entry = entries_.find(key->second);
  if (entry == entries_.end() || !entry->second.validity->load() ||
      entry->second.token->token_id != token_id) {
    return nullptr;
  }
  return entry->second.token.get();
}

std::optional<TokenKey> TokenCache::KeyOf(const std::string& token_id) {
  MutexLock lock(mutex_);
  if (CurrentOf(token_id) == nullptr) return std::nullopt;
  return keys_.at(token_id);
}

void TokenCache::Reject(const std::string& token_id) {
  MutexLock lock(mutex_);
  const AccessToken* token = CurrentOf(token_id);
  if (token == nullptr) return;
  token->rejected.store(true);
  // A token that is of no use holds nothing up.
  known_[keys_.at(token_id).connection].good_until = absl::InfinitePast();
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
  if (copies_until_.size() >= max_entries_) {
    absl::erase_if(copies_until_,
                   [now](const auto& copies) { return copies.second <= now; });
  }
  auto copies =
      copies_until_.try_emplace(key.connection, absl::InfinitePast()).first;
  copies->second =
      std::max(copies->second, token->expire_time + kMostExpiryMargin);
  Entry& entry = entries_[key];
  if (entry.token != nullptr) keys_.erase(entry.token->token_id);
  keys_.insert_or_assign(token->token_id, key);
  entry = Entry{std::move(token), std::move(validity)};
}

absl::Time TokenCache::HeldUntil(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  auto it = known_.find(connection);
  return it == known_.end() ? absl::InfinitePast() : it->second.good_until;
}

absl::Time TokenCache::CopiesUntil(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  auto it = copies_until_.find(connection);
  return it == copies_until_.end() ? absl::InfinitePast() : it->second;
}

void TokenCache::MakeRoom(absl::Time now) {
  absl::erase_if(entries_, [now](const auto& entry) {
    return !entry.second.validity->load() ||
           entry.second.token->expire_time <= now;
  });
  // All of them good and still too many: any one can be fetched again.
  if (entries_.size() >= max_entries_) entries_.erase(entries_.begin());
  // A loop, since the thread-safety analysis does not see into a lambda.
  for (auto it = keys_.begin(); it != keys_.end();) {
    const auto key = it++;
    if (!entries_.contains(key->second)) keys_.erase(key);
  }
  // Flags that only this map holds say nothing to anybody.
  absl::erase_if(known_, [](const auto& known) {
    return known.second.validity.use_count() == 1;
  });
}

}  // namespace tokenvault
