#include "server/recent_counts.h"

#include <cmath>
#include <numeric>

namespace tokenvault {

const std::array<absl::Duration, RecentCounts::kBounds>&
RecentCounts::Bounds() {
  static const std::array<absl::Duration, kBounds> kAll = {
      absl::Microseconds(500),  absl::Milliseconds(1),
      absl::Microseconds(2500), absl::Milliseconds(5),
      absl::Milliseconds(10),   absl::Milliseconds(25),
      absl::Milliseconds(50),   absl::Milliseconds(100),
      absl::Milliseconds(250),  absl::Milliseconds(500),
      absl::Seconds(1),         absl::Milliseconds(2500),
      absl::Seconds(5),         absl::Seconds(10),
      absl::Seconds(30)};
  return kAll;
}

void RecentCounts::Count(const Request& request, const std::string& agent,
                         absl::Time now) {
  const bool token = request.outcome == TokenOutcome::kToken;
  size_t bucket = 0;
  if (token) {
    const auto& bounds = Bounds();
    while (bucket < kBounds && request.duration > bounds[bucket]) ++bucket;
  }
  MutexLock lock(mutex_);
  Minute& minute = minutes_.At(now);
  ++minute.outcomes[static_cast<size_t>(request.outcome)];
  minute.audit_errors += request.unaudited ? 1 : 0;
  if (!token) return;
  minute.from_cache += request.from_cache ? 1 : 0;
  ++minute.latencies[bucket];
  OfAgent& of = minute.agents[agent];
  ++of.tokens;
  of.policy_only += request.policy_only ? 1 : 0;
}

void RecentCounts::CountAuditError(absl::Time now) {
  MutexLock lock(mutex_);
  ++minutes_.At(now).audit_errors;
}

RecentCounts::Sums RecentCounts::GetLastHour(absl::Time now) const {
  Sums sums;
  auto of = [](const Minute& minute, TokenOutcome outcome) {
    return minute.outcomes[static_cast<size_t>(outcome)];
  };
  MutexLock lock(mutex_);
  minutes_.Visit(now, [&](const Minute& minute) {
    sums.tokens += of(minute, TokenOutcome::kToken);
    sums.consents += of(minute, TokenOutcome::kConsent);
    sums.approvals += of(minute, TokenOutcome::kApproval);
    sums.denied += of(minute, TokenOutcome::kDenied);
    sums.errors += of(minute, TokenOutcome::kError);
    sums.from_cache += minute.from_cache;
    sums.audit_errors += minute.audit_errors;
    for (size_t i = 0; i < minute.latencies.size(); ++i) {
      sums.latencies[i] += minute.latencies[i];
    }
    for (const auto& [agent, more] : minute.agents) {
      OfAgent& sum = sums.agents[agent];
      sum.tokens += more.tokens;
      sum.policy_only += more.policy_only;
    }
  });
  return sums;
}

absl::Duration LatencyOf(const RecentCounts::Sums& sums, double share) {
  const int64_t all =
      std::accumulate(sums.latencies.begin(), sums.latencies.end(), int64_t{0});
  if (all == 0) return absl::ZeroDuration();
  const auto wanted =
      static_cast<int64_t>(std::ceil(share * static_cast<double>(all)));
  int64_t seen = 0;
  for (size_t i = 0; i < RecentCounts::kBounds; ++i) {
    seen += sums.latencies[i];
    if (seen >= wanted) return RecentCounts::Bounds()[i];
  }
  return absl::InfiniteDuration();
}

}  // namespace tokenvault
