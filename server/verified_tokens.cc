#include "server/verified_tokens.h"

#include <utility>

namespace tokenvault {

std::optional<VerifiedTokens::Entry> VerifiedTokens::Find(
    const std::string& key, const std::string& generation, absl::Time now) {
  MutexLock lock(mutex_);
  auto it = entries_.find(key);
  if (it == entries_.end()) return std::nullopt;
  if (it->second.generation != generation || it->second.until <= now) {
    entries_.erase(it);
    return std::nullopt;
  }
  return it->second;
}

void VerifiedTokens::Add(const std::string& key, Entry entry) {
  MutexLock lock(mutex_);
  // Rarely reached; beginning anew is cheaper than keeping an order.
  if (entries_.size() >= kMost) entries_.clear();
  entries_[key] = std::move(entry);
}

void VerifiedTokens::Clear() {
  MutexLock lock(mutex_);
  entries_.clear();
}

}  // namespace tokenvault
