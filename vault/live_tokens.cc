#include "vault/live_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/limits.h"
#include "vault/token_cache.h"

namespace tokenvault {
namespace {

constexpr int kGrantsAtATime = 2000;
// Of one answer: some seconds of reading.
constexpr int64_t kMostGrants = 200'000;

absl::Time LatestEnd(const std::string& expires, absl::Time no_later) {
  if (expires == kNeverExpires) return absl::InfiniteFuture();
  absl::Time time;
  std::string problem;
  // A leaf of an earlier version does not say it.
  if (!absl::ParseTime(absl::RFC3339_full, expires, &time, &problem)) {
    return no_later;
  }
  return time + kMostExpiryMargin;
}

// Nothing for a leaf that is none of ours: the disk is not to be trusted.
std::optional<LiveToken> ReadGrant(const AuditEntry& entry,
                                   absl::Duration longest) {
  const nlohmann::json leaf =
      nlohmann::json::parse(entry.leaf, nullptr, /*allow_exceptions=*/false);
  if (!leaf.is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto it = leaf.find(name);
    return it != leaf.end() && it->is_string() ? it->get<std::string>()
                                               : std::string();
  };
  LiveToken token;
  token.tenant = entry.tenant;
  token.agent = text("actor");
  token.provider = ProviderId(text("provider"));
  token.connection = ConnectionId(text("connection"));
  token.token_id = text("token_id");
  token.expire_time = LatestEnd(text("expires"), entry.time + longest);
  if (const auto it = leaf.find("scopes"); it != leaf.end() && it->is_array()) {
    for (const nlohmann::json& scope : *it) {
      if (scope.is_string()) token.scopes.push_back(scope.get<std::string>());
    }
  }
  return token;
}

bool EndsLater(const LiveToken& a, const LiveToken& b) {
  return std::tie(a.expire_time, a.token_id, a.agent) >
         std::tie(b.expire_time, b.token_id, b.agent);
}

// Keeps the longest few, as a heap whose front ends first.
void Keep(LiveToken token, std::vector<LiveToken>& longest) {
  longest.push_back(std::move(token));
  std::push_heap(longest.begin(), longest.end(), EndsLater);
  if (longest.size() > kMostNamed) {
    std::pop_heap(longest.begin(), longest.end(), EndsLater);
    longest.pop_back();
  }
}

}  // namespace

absl::StatusOr<LiveTokens> FindLiveTokens(const Store& store,
                                          const Directory& directory,
                                          AuditFilter which, absl::Time now) {
  LiveTokens live;
  // Without a limit to how long a token lives there is none to how far back.
  const absl::Duration longest = directory.tokens.allow_long_lived
                                     ? absl::InfiniteDuration()
                                     : directory.tokens.max_ttl;
  which.kind = audit_kind::kTokenGranted;
  which.since = now - longest;
  live.since = which.since;
  absl::flat_hash_set<std::pair<std::string, std::string>> seen;
  for (int64_t looked_at = 0;;) {
    ASSIGN_OR_RETURN(const std::vector<AuditEntry> page,
                     store.ListLastAuditEntries(which, kGrantsAtATime));
    for (const AuditEntry& entry : page) {
      std::optional<LiveToken> token = ReadGrant(entry, longest);
      if (!token.has_value() || token->expire_time <= now ||
          !seen.emplace(token->agent, token->token_id).second) {
        continue;
      }
      ++live.count;
      live.last_expire_time =
          std::max(live.last_expire_time, token->expire_time);
      Keep(*std::move(token), live.tokens);
    }
    if (page.size() < static_cast<size_t>(kGrantsAtATime)) break;
    looked_at += static_cast<int64_t>(page.size());
    which.last_sequence = page.front().sequence - 1;
    if (looked_at >= kMostGrants) {
      live.complete = false;
      live.since = page.front().time;
      break;
    }
  }
  std::sort(live.tokens.begin(), live.tokens.end(), EndsLater);
  return live;
}

}  // namespace tokenvault
