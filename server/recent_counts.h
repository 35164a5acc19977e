#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "vault/last_hour.h"

namespace tokenvault {

// How a request for a token ended.
enum class TokenOutcome { kToken, kConsent, kApproval, kDenied, kError };

// What requests for tokens came to in the last hour, for people who look. In
// memory, of fixed size but for a line a minute and agent, of which the
// configuration has as many as it has. /metrics counts the same since the
// start, and is what to alert on. Thread-safe; counting is on the way of every
// token, and is one short lock.
class RecentCounts {
 public:
  static constexpr size_t kBounds = 15;
  // Up to which time each count of `latencies` goes, the last one excepted:
  // the buckets of /metrics.
  static const std::array<absl::Duration, kBounds>& Bounds();

  struct Request {
    TokenOutcome outcome = TokenOutcome::kError;
    bool from_cache = false;   // of a token
    bool policy_only = false;  // of a token
    bool unaudited = false;    // the audit log took no leaf of it
    absl::Duration duration;
  };
  // `agent` is one of the configuration, or "".
  void Count(const Request& request, const std::string& agent, absl::Time now);
  // The audit log took no leaf of something else.
  void CountAuditError(absl::Time now);

  struct OfAgent {
    int64_t tokens = 0;
    int64_t policy_only = 0;
  };
  struct Sums {
    int64_t tokens = 0;
    int64_t from_cache = 0;
    int64_t consents = 0;
    int64_t approvals = 0;
    int64_t denied = 0;
    int64_t errors = 0;
    int64_t audit_errors = 0;
    std::array<int64_t, kBounds + 1> latencies = {};  // of tokens
    std::map<std::string, OfAgent> agents;
  };
  Sums GetLastHour(absl::Time now) const;

 private:
  struct Minute {
    std::array<int64_t, 5> outcomes = {};  // by TokenOutcome
    int64_t from_cache = 0;
    int64_t audit_errors = 0;
    std::array<int64_t, kBounds + 1> latencies = {};
    absl::flat_hash_map<std::string, OfAgent> agents;
  };

  mutable Mutex mutex_;
  LastHour<Minute> minutes_ ABSL_GUARDED_BY(mutex_);
};

// The time that `share` of the tokens took at most, to within their buckets:
// infinite in the last one, zero when there were none.
absl::Duration LatencyOf(const RecentCounts::Sums& sums, double share);

}  // namespace tokenvault
