#include "vault/provider_breaker.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/log.h"

namespace tokenvault {
namespace {

// Enough to weigh against one another; more says nothing new.
constexpr size_t kMostCounted = 1000;

void LogOpened(const ProviderId& provider, absl::string_view problem) {
  Log(LogLevel::kError, "provider.in_doubt",
      "a provider refuses too much at once; no connection is given up",
      {{LogKey::kProvider, provider.value},
       {LogKey::kReason, std::string(problem)}});
}

}  // namespace

void ProviderBreaker::Forget(State& state, absl::Time now) {
  const absl::Time since = now - kWindow;
  while (!state.lost.empty() &&
         ((state.lost.front().time < since &&
           state.lost.front().time <= state.last_refreshed) ||
          state.lost.size() > kMostCounted)) {
    state.lost.pop_front();
  }
  while (!state.refreshed.empty() && (state.refreshed.front() < since ||
                                      state.refreshed.size() > kMostCounted)) {
    state.refreshed.pop_front();
  }
}

// Compared within the time that the losses themselves took: a minute of good
// answers before them says nothing about now.
bool ProviderBreaker::IsStorm(const State& state) {
  size_t losses = 0;
  absl::Time first;
  for (auto lost = state.lost.rbegin();
       lost != state.lost.rend() && losses <= kMostLost; ++lost) {
    if (lost->loss == Loss::kExplained) continue;
    ++losses;
    first = lost->time;
  }
  const auto refreshed =
      std::count_if(state.refreshed.begin(), state.refreshed.end(),
                    [first](absl::Time time) { return time >= first; });
  return losses > kMostLost && losses > static_cast<size_t>(refreshed);
}

absl::Status ProviderBreaker::Admit(const ProviderId& provider,
                                    absl::Time now) {
  MutexLock lock(mutex_);
  auto it = states_.find(provider);
  if (it == states_.end() || it->second.problem.empty()) {
    return absl::OkStatus();
  }
  State& state = it->second;
  if (now < state.next_probe) {
    return errors::ProviderMisconfigured(provider.value, state.problem);
  }
  state.next_probe = now + kProbe;
  return absl::OkStatus();
}

void ProviderBreaker::OnMisconfigured(const ProviderId& provider,
                                      absl::string_view problem,
                                      absl::Time now) {
  MutexLock lock(mutex_);
  State& state = states_[provider];
  if (state.problem.empty()) {
    LogOpened(provider, problem);
    state.since = now;
  }
  state.problem = std::string(problem);
  state.next_probe = now + kProbe;
}

ProviderBreaker::Verdict ProviderBreaker::OnGrantGone(
    const Connection& connection, Loss loss, absl::Time now) {
  MutexLock lock(mutex_);
  State& state = states_[connection.provider];
  Forget(state, now);
  Verdict verdict;
  if (!state.problem.empty()) {
    verdict.believed = false;
    verdict.problem = state.problem;
    return verdict;
  }
  const bool known =
      std::any_of(state.lost.begin(), state.lost.end(), [&](const Lost& lost) {
        return lost.connection.tenant == connection.tenant &&
               lost.connection.id == connection.id;
      });
  if (!known) state.lost.push_back({now, loss, connection});
  if (!IsStorm(state)) return verdict;
  state.problem = "mass_invalid_grant";
  state.since = now;
  state.next_probe = now + kProbe;
  LogOpened(connection.provider, state.problem);
  verdict.believed = false;
  verdict.problem = state.problem;
  for (Lost& lost : state.lost) {
    verdict.doubtful.push_back(std::move(lost.connection));
  }
  state.lost.clear();
  return verdict;
}

void ProviderBreaker::OnSuccess(const ProviderId& provider, absl::Time now) {
  MutexLock lock(mutex_);
  State& state = states_[provider];
  if (!state.problem.empty()) {
    Log(LogLevel::kInfo, "provider.trusted",
        "a provider that was in doubt works again",
        {{LogKey::kProvider, provider.value}});
  }
  state.problem.clear();
  state.last_refreshed = now;
  state.refreshed.push_back(now);
  Forget(state, now);
}

std::vector<ProviderBreaker::Doubt> ProviderBreaker::Doubts() const {
  std::vector<Doubt> doubts;
  {
    MutexLock lock(mutex_);
    for (const auto& [provider, state] : states_) {
      if (state.problem.empty()) continue;
      doubts.push_back({provider, state.problem, state.since});
    }
  }
  std::sort(doubts.begin(), doubts.end(), [](const Doubt& a, const Doubt& b) {
    return a.provider.value < b.provider.value;
  });
  return doubts;
}

void ProviderBreaker::ForgetPersonOf(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  for (auto& [provider, state] : states_) {
    for (Lost& lost : state.lost) {
      if (lost.connection.id != connection) continue;
      Connection known;
      known.tenant = lost.connection.tenant;
      known.id = lost.connection.id;
      lost.connection = std::move(known);
    }
  }
}

void ProviderBreaker::Reset() {
  MutexLock lock(mutex_);
  states_.clear();
}

}  // namespace tokenvault
