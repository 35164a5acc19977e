#include "server/operator_facts.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/secret_memory.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr size_t kMostAgents = 50;
// Grants of one agent that are looked at, to count people.
constexpr int kMostGrants = 5000;

absl::Status AddKeys(const Store& store, OperatorFacts& facts) {
  ASSIGN_OR_RETURN(const std::vector<Kek> keys, store.ListKeks());
  for (const Kek& key : keys) {
    if (key.state != KekState::kActive) continue;
    facts.key_generation = key.version_number;
    facts.key_since = key.activate_time;
  }
  ASSIGN_OR_RETURN(facts.rows_on_old_key,
                   store.CountDeksBefore(facts.key_generation));
  return absl::OkStatus();
}

absl::Status AddLog(const OperatorSources& sources, OperatorFacts& facts) {
  ASSIGN_OR_RETURN(const StoreStatus stored, sources.store.GetStatus());
  facts.leaves = stored.audit_entries;
  absl::StatusOr<AuditCheckpoint> newest = sources.store.GetNewestCheckpoint();
  if (newest.ok()) {
    newest->note.clear();
    facts.checkpoint = *std::move(newest);
  } else if (!HasReason(newest.status(), "NOT_FOUND")) {
    return newest.status();
  }
  ASSIGN_OR_RETURN(facts.witnesses, sources.witnesses.List());
  return absl::OkStatus();
}

std::vector<AgentId> BusiestAgents(const Directory& directory,
                                   const RecentCounts::Sums& hour) {
  std::vector<std::pair<int64_t, AgentId>> busiest;
  for (const auto& [id, unused] : directory.agents) {
    const auto found = hour.agents.find(id.value);
    busiest.emplace_back(found == hour.agents.end() ? 0 : -found->second.tokens,
                         id);
  }
  std::sort(busiest.begin(), busiest.end());
  if (busiest.size() > kMostAgents) busiest.resize(kMostAgents);
  std::vector<AgentId> shown;
  for (auto& [unused, id] : busiest) shown.push_back(std::move(id));
  return shown;
}

absl::Status AddCounts(const Store& store, const Directory& directory,
                       OperatorFacts& facts) {
  ASSIGN_OR_RETURN(facts.connections, store.CountConnections());
  for (AgentId& id : BusiestAgents(directory, facts.hour)) {
    ASSIGN_OR_RETURN(const PeopleCount people,
                     store.CountPeopleOf(directory.FindAgent(id)->tenant, id,
                                         facts.now, kMostGrants));
    facts.agents.emplace_back(std::move(id), people);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OperatorFacts> GatherFacts(const OperatorSources& sources,
                                          const Directory& directory,
                                          absl::Time now) {
  OperatorFacts facts;
  facts.now = now;
  facts.start_time = sources.start_time;
  facts.ready = sources.readiness.ready();
  facts.configuration =
      directory.generation.substr(0, directory.generation.find('-'));
  facts.operation_running = sources.operations.Running().has_value();
  facts.hour = sources.metrics.GetLastHour(now);
  facts.refreshes = sources.refresher.counts().GetLastHour(now);
  facts.notices = sources.notifier.CountsOfLastHour();
  facts.stops = sources.stops.List();
  for (Stop& stop : facts.stops) {
    stop.why.clear();
    if (stop.kind == StopKind::kUser || stop.kind == StopKind::kConnection) {
      stop.name.clear();
    }
  }
  facts.doubts = sources.refresher.Doubts();
  facts.secrets_unlocked = SecretsOutsideLockedMemory();
  RETURN_IF_ERROR(AddKeys(sources.store, facts));
  RETURN_IF_ERROR(AddLog(sources, facts));
  RETURN_IF_ERROR(AddCounts(sources.store, directory, facts));
  ASSIGN_OR_RETURN(const std::vector<BackupRecord> backups,
                   sources.store.ListBackups());
  if (!backups.empty()) facts.last_backup = backups.back().create_time;
  return facts;
}

}  // namespace tokenvault
