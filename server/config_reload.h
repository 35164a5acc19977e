#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "server/config.h"
#include "server/metrics.h"
#include "storage/store.h"
#include "vault/directory.h"

namespace tokenvault {

// The configuration in force, and how a new one takes its place: checked whole,
// then swapped in one step, or not at all. What needs a restart (listeners,
// public_url, storage, seal, egress, audit) stays as it was and is named. The
// log's level is set at once.
//
// Thread-safe; Reload and ChangedOnDisk read files.
class ConfigReload {
 public:
  // `sources`: where it was loaded from; nothing in the demo, whose
  // configuration is part of the program.
  ConfigReload(const Clock& clock, Store& store, DirectoryHolder& directory,
               Metrics& metrics, std::optional<ConfigSources> sources,
               Config config);

  struct Outcome {
    std::string generation;
    std::vector<std::string> needs_restart;
    std::vector<std::string> warnings;
  };
  // `actor` goes into the audit log, whose leaf is durable before the swap.
  // CONFIG_INVALID, AUDIT_UNAVAILABLE.
  absl::StatusOr<Outcome> Reload(bool validate_only, const std::string& actor);

  // Whether loading now would give something else. An unreadable file would.
  bool ChangedOnDisk() const;

  Config config() const;
  absl::Time load_time() const;

 private:
  absl::StatusOr<Config> Load() const;

  const Clock& clock_;
  Store& store_;
  DirectoryHolder& directory_;
  Metrics& metrics_;
  const std::optional<ConfigSources> sources_;

  Mutex reloading_;  // one at a time; held across file reads and the commit
  mutable Mutex mutex_;
  Config config_ ABSL_GUARDED_BY(mutex_);
  absl::Time load_time_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
