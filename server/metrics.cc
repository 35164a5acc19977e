#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <set>
#include <sstream>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "server/version.h"

namespace tokenvault {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

const Histogram::BucketBoundaries& Seconds() {
  static const auto* const kBounds = [] {
    auto* bounds = new Histogram::BucketBoundaries;
    for (absl::Duration bound : RecentCounts::Bounds()) {
      bounds->push_back(absl::ToDoubleSeconds(bound));
    }
    return bounds;
  }();
  return *kBounds;
}

const char* NameOf(TokenOutcome outcome) {
  switch (outcome) {
    case TokenOutcome::kToken:
      return "token";
    case TokenOutcome::kApproval:
      return "approval";
    case TokenOutcome::kConsent:
      return "consent";
    case TokenOutcome::kDenied:
      return "denied";
    case TokenOutcome::kError:
      return "error";
  }
  return "error";
}

Family<Counter>& CounterFamily(Registry& registry, const char* name,
                               const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& GaugeFamily(Registry& registry, const char* name,
                           const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry);
}

}  // namespace

class Metrics::Impl {
 public:
  Impl() {
    GaugeFamily(registry_, "tokenvault_build_info", "What runs here.")
        .Add({{"version", Version()}})
        .Set(1);
  }

  void Count(const TokenRequest& request) {
    Series series = SeriesFor(request);
    series.requests->Increment();
    if (series.duration != nullptr) {
      series.duration->Observe(absl::ToDoubleSeconds(request.duration));
    }
    if (request.policy_only) {
      policy_only_
          .Add({{"provider", request.provider}, {"agent", request.agent}})
          .Increment();
    }
    if (request.reason == "PROVIDER_RATE_LIMITED") {
      throttled_.Add({{"provider", request.provider}}).Increment();
    }
    const bool unaudited = request.reason == "AUDIT_UNAVAILABLE";
    if (unaudited) audit_errors_.Increment();
    recent_.Count({.outcome = request.outcome,
                   .from_cache = request.from_cache,
                   .policy_only = request.policy_only,
                   .unaudited = unaudited,
                   .duration = request.duration},
                  request.agent, request.time);
  }

  void CountInteraction(absl::string_view kind) {
    interactions_.Add({{"kind", std::string(kind)}, {"state", "asked"}})
        .Increment();
  }

  void CountAuditError(absl::Time now) {
    audit_errors_.Increment();
    recent_.CountAuditError(now);
  }

  RecentCounts::Sums GetLastHour(absl::Time now) const {
    return recent_.GetLastHour(now);
  }

  void CountPolicyViolation(absl::string_view directive) {
    violations_.Add({{"directive", std::string(directive)}}).Increment();
  }

  void NoteConfigLoad(absl::Time when) {
    config_load_.Set(absl::ToDoubleSeconds(when - absl::UnixEpoch()));
  }

  std::string Render(const MetricsSnapshot& now) {
    connections_.Add({{"state", "active"}}).Set(now.active_connections);
    connections_.Add({{"state", "needs_reconnect"}})
        .Set(now.reconnect_connections);
    connections_.Add({{"state", "revoked"}}).Set(now.revoked_connections);
    connections_.Add({{"state", "paused"}}).Set(now.paused_connections);
    key_generation_.Set(now.key_generation);
    old_rows_.Set(now.rows_on_old_key);
    sealed_.Set(now.sealed ? 1 : 0);
    unlocked_.Set(static_cast<double>(now.secrets_unlocked));
    for (const char* kind :
         {"vault", "agent", "user", "connection", "provider"}) {
      const auto found = now.stops.find(kind);
      stops_.Add({{"kind", kind}})
          .Set(found == now.stops.end() ? 0
                                        : static_cast<double>(found->second));
    }
    RenderProviders(now);
    // The log counts its own leaves, also those from before this start.
    audit_events_.Set(now.audit_events);
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, registry_.Collect());
    return text.str();
  }

 private:
  struct Series {
    Counter* requests = nullptr;
    Histogram* duration = nullptr;  // of tokens only
  };

  void RenderProviders(const MetricsSnapshot& now) {
    MutexLock lock(mutex_);
    // One that is configured no more is in nobody's doubt.
    for (const auto& [provider, unused] : now.in_doubt) seen_.insert(provider);
    for (const std::string& provider : seen_) {
      const auto found = now.in_doubt.find(provider);
      in_doubt_.Add({{"provider", provider}})
          .Set(found != now.in_doubt.end() && found->second ? 1 : 0);
    }
    for (const auto& [labels, count] : now.refreshes) {
      Raise(refreshes_.Add(
                {{"provider", labels.first}, {"result", labels.second}}),
            count);
    }
    for (const auto& [labels, count] : now.notices) {
      Raise(
          notices_.Add({{"channel", labels.first}, {"result", labels.second}}),
          count);
    }
  }

  static void Raise(Counter& counter, int64_t count) {
    // Two scrapes at once may see each other's past.
    const double more = static_cast<double>(count) - counter.Value();
    if (more > 0) counter.Increment(more);
  }

  // Making labels costs more than all the rest, so series are remembered.
  Series SeriesFor(const TokenRequest& request) {
    const char* outcome = NameOf(request.outcome);
    const char* source = request.from_cache ? "cache" : "refresh";
    std::string key = absl::StrCat(request.provider, "\n", outcome, "\n",
                                   request.reason, "\n", source);
    MutexLock lock(mutex_);
    Series& series = series_[key];
    if (series.requests == nullptr) {
      series.requests = &requests_.Add({{"provider", request.provider},
                                        {"outcome", outcome},
                                        {"reason", request.reason}});
      if (request.outcome == TokenOutcome::kToken) {
        series.duration = &durations_.Add(
            {{"provider", request.provider}, {"source", source}}, Seconds());
      }
    }
    return series;
  }

  Registry registry_;
  Family<Counter>& requests_ =
      CounterFamily(registry_, "tokenvault_token_requests_total",
                    "Answers to GetScopedToken.");
  Family<Histogram>& durations_ =
      BuildHistogram()
          .Name("tokenvault_token_request_duration_seconds")
          .Help("How long a token took, audit leaf included.")
          .Register(registry_);
  Family<Counter>& policy_only_ =
      CounterFamily(registry_, "tokenvault_tokens_policy_only_total",
                    "Tokens that can do more than was asked.");
  Family<Counter>& throttled_ =
      CounterFamily(registry_, "tokenvault_upstream_throttled_total",
                    "Requests that a provider's rate limit ended.");
  Family<Counter>& interactions_ =
      CounterFamily(registry_, "tokenvault_interactions_total",
                    "Questions to people that were handed out.");
  Family<Gauge>& in_doubt_ =
      GaugeFamily(registry_, "tokenvault_provider_in_doubt",
                  "1 while a provider refuses too much at once.");
  Family<Counter>& refreshes_ =
      CounterFamily(registry_, "tokenvault_refresh_total",
                    "How refreshes at the provider ended.");
  Family<Counter>& notices_ =
      CounterFamily(registry_, "tokenvault_notices_total",
                    "How telling approvers of an approval ended.");
  Family<Counter>& violations_ =
      CounterFamily(registry_, "tokenvault_page_policy_violations_total",
                    "Browsers' reports that a page broke its policy.");
  Counter& audit_errors_ =
      CounterFamily(registry_, "tokenvault_audit_errors_total",
                    "Answers withheld because their leaf was not durable.")
          .Add({});
  Gauge& audit_events_ = GaugeFamily(registry_, "tokenvault_audit_events",
                                     "Leaves of the audit log.")
                             .Add({});
  Family<Gauge>& connections_ =
      GaugeFamily(registry_, "tokenvault_connections", "Connections by state.");
  Gauge& key_generation_ = GaugeFamily(registry_, "tokenvault_key_generation",
                                       "The master key version in use.")
                               .Add({});
  Gauge& old_rows_ = GaugeFamily(registry_, "tokenvault_rows_on_old_key",
                                 "Data keys that an older master key wraps.")
                         .Add({});
  Gauge& sealed_ =
      GaugeFamily(registry_, "tokenvault_sealed", "1 while no key is open.")
          .Add({});
  Family<Gauge>& stops_ =
      GaugeFamily(registry_, "tokenvault_stops",
                  "For what an operator stopped tokens, by kind.");
  Gauge& unlocked_ =
      GaugeFamily(registry_, "tokenvault_secrets_outside_locked_memory",
                  "Secrets that found locked memory full, since the start.")
          .Add({});
  Gauge& config_load_ =
      GaugeFamily(registry_,
                  "tokenvault_config_last_reload_success_timestamp_seconds",
                  "When the configuration in force was loaded.")
          .Add({});

  RecentCounts recent_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Series> series_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> seen_ ABSL_GUARDED_BY(mutex_);  // providers
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::CountTokenRequest(const TokenRequest& request) {
  impl_->Count(request);
}
void Metrics::CountInteraction(absl::string_view kind) {
  impl_->CountInteraction(kind);
}
void Metrics::CountAuditError(absl::Time now) { impl_->CountAuditError(now); }
void Metrics::CountPolicyViolation(absl::string_view directive) {
  impl_->CountPolicyViolation(directive);
}
void Metrics::NoteConfigLoad(absl::Time when) { impl_->NoteConfigLoad(when); }
std::string Metrics::Render(const MetricsSnapshot& snapshot) {
  return impl_->Render(snapshot);
}
RecentCounts::Sums Metrics::GetLastHour(absl::Time now) const {
  return impl_->GetLastHour(now);
}

}  // namespace tokenvault
