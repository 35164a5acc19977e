#include "vault/keep_alive.h"

#include <vector>

#include "base/errors.h"
#include "base/log.h"

namespace tokenvault {

KeepAlive::KeepAlive(const Clock& clock, Store& store, Broker& broker)
    : clock_(clock), store_(store), broker_(broker) {}

void KeepAlive::UseIdle(const std::shared_ptr<const Directory>& directory) {
  const absl::Time now = clock_.Now();
  absl::erase_if(tried_,
                 [now](const auto& one) { return one.second + kRetry <= now; });
  for (const auto& [id, provider] : directory->providers) {
    if (provider.refresh_inactivity > absl::ZeroDuration() &&
        !provider.refresh_invalidates_access_token) {
      UseIdleOf(directory, provider);
    }
  }
}

void KeepAlive::UseIdleOf(const std::shared_ptr<const Directory>& directory,
                          const Provider& provider) {
  const absl::Time now = clock_.Now();
  // Those that were tried of late come first in the list, and are passed by.
  const int limit = kMost + static_cast<int>(tried_.size());
  absl::StatusOr<std::vector<Connection>> idle = store_.ListIdleConnections(
      provider.id, now - kPart * provider.refresh_inactivity, limit);
  if (!idle.ok()) {
    Log(LogLevel::kError, "keep_alive.unread",
        "the idle connections cannot be read",
        {{LogKey::kReason, ReasonOf(idle.status())}});
    return;
  }
  for (const Connection& connection : *idle) {
    if (connection.paused || connection.sealed_refresh_token.empty() ||
        now >= connection.access_end_time ||
        !tried_.emplace(connection.id, now).second) {
      continue;
    }
    absl::Status status = broker_.UseRefreshToken(directory, connection);
    if (status.ok()) continue;
    Log(LogLevel::kWarning, "keep_alive.failed",
        "an idle refresh token could not be used",
        {{LogKey::kProvider, provider.id.value},
         {LogKey::kConnection, connection.id.value},
         {LogKey::kReason, ReasonOf(status)}});
  }
}

}  // namespace tokenvault
