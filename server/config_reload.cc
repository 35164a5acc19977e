#include "server/config_reload.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

// What waits for a restart is not in force, and must not be shown as if it
// were.
void KeepIfWaiting(const std::vector<std::string>& needs_restart,
                   const Config& old, ConfigValueShown& shown) {
  if (std::find(needs_restart.begin(), needs_restart.end(), shown.key) ==
      needs_restart.end()) {
    return;
  }
  for (const ConfigValueShown& before : old.effective) {
    if (before.key == shown.key) shown = before;
  }
}

}  // namespace

ConfigReload::ConfigReload(const Clock& clock, Store& store,
                           DirectoryHolder& directory, Metrics& metrics,
                           std::optional<ConfigSources> sources, Config config)
    : clock_(clock),
      store_(store),
      directory_(directory),
      metrics_(metrics),
      sources_(std::move(sources)),
      config_(std::move(config)),
      load_time_(clock.Now()) {
  metrics_.NoteConfigLoad(load_time_);
}

absl::StatusOr<Config> ConfigReload::Load() const {
  if (!sources_.has_value()) return config();
  return LoadConfig(*sources_);
}

absl::StatusOr<ConfigReload::Outcome> ConfigReload::Reload(
    bool validate_only, const std::string& actor) {
  MutexLock one_at_a_time(reloading_);
  const Config old = config();
  ASSIGN_OR_RETURN(Config next, Load());
  Outcome outcome;
  outcome.generation = next.generation;
  outcome.needs_restart = KeysThatNeedRestart(old, next);
  outcome.warnings = next.warnings;
  if (!sources_.has_value()) {
    outcome.warnings.push_back(
        "this is the demo, whose configuration is part of the program");
  }
  if (validate_only) return outcome;

  AuditEvent event;
  event.kind = audit_kind::kConfigReloaded;
  event.actor = actor;
  event.detail = absl::StrCat("generation ", next.generation);
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  if (!written.ok()) return NotAudited(written);

  // The listeners stay, and so must what pages and links say about them.
  auto directory = std::make_shared<Directory>(*next.directory);
  directory->public_url = old.directory->public_url;
  next.directory = directory;
  std::string log_level = std::move(next.server.log_level);
  next.server = old.server;
  next.server.log_level = std::move(log_level);
  next.root_sources = old.root_sources;
  next.audit = old.audit;
  next.storage = old.storage;
  next.egress = old.egress;
  for (ConfigValueShown& shown : next.effective) {
    KeepIfWaiting(outcome.needs_restart, old, shown);
  }
  directory_.Swap(std::move(directory));
  SetLogLevel(LevelOf(next.server));
  const absl::Time now = clock_.Now();
  metrics_.NoteConfigLoad(now);
  MutexLock lock(mutex_);
  config_ = std::move(next);
  load_time_ = now;
  return outcome;
}

bool ConfigReload::ChangedOnDisk() const {
  absl::StatusOr<Config> next = Load();
  return !next.ok() || next->generation != config().generation;
}

Config ConfigReload::config() const {
  MutexLock lock(mutex_);
  return config_;
}

absl::Time ConfigReload::load_time() const {
  MutexLock lock(mutex_);
  return load_time_;
}

}  // namespace tokenvault
