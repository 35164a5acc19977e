#include "vault/single_flight.h"

namespace tokenvault {

bool SingleFlight::TakeOff(const ConnectionId& connection,
                           OnLanding on_landing) {
  MutexLock lock(mutex_);
  auto [it, first] = flights_.try_emplace(connection);
  if (!first) it->second.push_back(std::move(on_landing));
  return first;
}

void SingleFlight::Land(const ConnectionId& connection, const TokenKey& key,
                        const absl::Status& status) {
  std::vector<OnLanding> waiting;
  {
    MutexLock lock(mutex_);
    auto it = flights_.find(connection);
    waiting = std::move(it->second);
    flights_.erase(it);
  }
  for (OnLanding& on_landing : waiting) on_landing(key, status);
}

}  // namespace tokenvault
