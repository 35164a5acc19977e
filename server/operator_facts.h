#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/metrics.h"
#include "server/readiness.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/notices.h"
#include "vault/operations.h"
#include "vault/refresher.h"
#include "vault/stops.h"
#include "vault/witnesses.h"

namespace tokenvault {

// Where the page of operators looks. Outlives every visit.
struct OperatorSources {
  const Store& store;
  const Readiness& readiness;
  const Metrics& metrics;
  const Refresher& refresher;
  const Stops& stops;
  const Notifier& notifier;
  const Witnesses& witnesses;
  const Operations& operations;
  absl::Time start_time;  // of the process
};

// How the vault is at one moment, in numbers: no person, no account and no
// word of an agent is among them, so none can get onto the page.
struct OperatorFacts {
  absl::Time now;
  absl::Time start_time;
  bool ready = false;
  std::string configuration;  // what of its generation is no secret's
  uint32_t key_generation = 0;
  absl::Time key_since = absl::InfiniteFuture();
  int64_t rows_on_old_key = 0;
  bool operation_running = false;
  RecentCounts::Sums hour;
  RefreshCounts::Counts refreshes;  // of the last hour
  Notifier::Counts notices;         // of the last hour
  // Without why, which are an operator's own words, and without a name where
  // that is a person's.
  std::vector<Stop> stops;
  std::vector<ProviderBreaker::Doubt> doubts;
  std::map<ProviderId, ConnectionCounts> connections;
  // Those that got most tokens, the most first, with whose accounts they may
  // use: as many as the page has room for.
  std::vector<std::pair<AgentId, PeopleCount>> agents;
  uint64_t secrets_unlocked = 0;
  std::optional<absl::Time> last_backup;
  int64_t leaves = 0;
  std::optional<AuditCheckpoint> checkpoint;  // without its note
  std::vector<Witnesses::State> witnesses;
};

// STORAGE_*.
absl::StatusOr<OperatorFacts> GatherFacts(const OperatorSources& sources,
                                          const Directory& directory,
                                          absl::Time now);

}  // namespace tokenvault
