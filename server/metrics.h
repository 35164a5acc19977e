#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/recent_counts.h"

namespace tokenvault {

// What is true at the moment of a scrape.
struct MetricsSnapshot {
  int64_t active_connections = 0;
  int64_t reconnect_connections = 0;
  int64_t revoked_connections = 0;
  int64_t paused_connections = 0;
  int64_t audit_events = 0;
  uint32_t key_generation = 0;
  int64_t rows_on_old_key = 0;
  bool sealed = false;
  uint64_t secrets_unlocked = 0;  // base/secret_memory.h
  // For what no token is handed out, by kind: "vault", "agent", "user",
  // "connection", "provider".
  std::map<std::string, int64_t> stops;
  // The providers that are configured, and whether each is in doubt.
  std::map<std::string, bool> in_doubt;
  // How telling approvers ended since the start, by channel and result.
  std::map<std::pair<std::string, std::string>, int64_t> notices;
  // How refreshes ended since the start, by provider and result.
  std::map<std::pair<std::string, std::string>, int64_t> refreshes;
};

// The daemon's counters, in Prometheus' text form. Labels are bounded by the
// configuration and by docs/errors.md; people, connections and scopes never are
// one. Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  struct TokenRequest {
    std::string provider;  // configured, or "unknown"
    TokenOutcome outcome = TokenOutcome::kError;
    std::string reason;        // "" when all went well
    bool from_cache = false;   // of a token
    bool policy_only = false;  // of a token: nobody but policy narrows it
    std::string agent;         // configured, or ""
    absl::Duration duration;
    absl::Time time;  // when it was answered
  };
  void CountTokenRequest(const TokenRequest& request);

  // A question to a person was handed out. `kind`: "consent", "reconnect",
  // "step_up".
  void CountInteraction(absl::string_view kind);
  // The audit log took no leaf.
  void CountAuditError(absl::Time now);
  // A browser says that a page broke its Content-Security-Policy. `directive`
  // is one of a few constants.
  void CountPolicyViolation(absl::string_view directive);
  void NoteConfigLoad(absl::Time when);

  std::string Render(const MetricsSnapshot& snapshot);
  // Of what was counted here, the hour before `now`.
  RecentCounts::Sums GetLastHour(absl::Time now) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenvault
