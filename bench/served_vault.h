#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/child_process.h"
#include "bench/closed_loop.h"
#include "bench/disk.h"
#include "bench/scenario.h"
#include "bench/seeded_vault.h"
#include "bench/token_endpoint.h"
#include "server/dev_mode.h"

namespace tokenvault {

// A real daemon over a seeded vault, with a provider of its own, in a folder of
// its own under $TMPDIR; all of it gone with this object.
class ServedVault {
 public:
  struct Options {
    int people = 0;
    Transport transport = Transport::kTcp;
    // Under kMemoryFolder, where a sync costs nothing, instead of $TMPDIR.
    bool in_memory = false;
  };
  // FAILED_PRECONDITION when kMemoryFolder is on a disk after all.
  static absl::StatusOr<std::unique_ptr<ServedVault>> Start(
      const Setting& setting, Options options);
  static absl::StatusOr<std::unique_ptr<ServedVault>> Start(
      const Setting& setting, int people);

  // What a loop needs to ask this vault about `people` of it.
  absl::StatusOr<ClosedLoop::Options> Asking(int people) const;

  // From the last start of the process until it served.
  absl::Duration start_time() const { return start_time_; }
  // Only while it runs.
  const ChildProcess& daemon() const { return *daemon_; }
  TokenEndpoint& endpoint() { return *endpoint_; }
  const SeededVault& seeded() const { return seeded_; }
  const SyncCounter& syncs() const { return *syncs_; }
  SyncCounter& syncs() { return *syncs_; }
  const std::string& folder() const { return folder_.path(); }

  // Ends the daemon: in order, or this instant with no word to it. In between,
  // the vault on the disk may be looked into; Restart returns once it serves
  // again, at another address.
  void Stop() { daemon_.reset(); }
  void Kill();
  absl::Status Restart();

  // Stops the daemon. DATA_LOSS unless it synced at all, and its log has at
  // least `tokens` leaves more than before: what was handed out and is not in
  // the log was handed out in secret.
  absl::Status StopAndCheck(int64_t tokens);

 private:
  ServedVault(const Setting& setting, PrivateFolder folder)
      : daemon_file_(setting.daemon),
        count_syncs_file_(setting.count_syncs),
        folder_(std::move(folder)) {}
  std::string counter_file() const { return folder() + "/syncs"; }

  const std::string daemon_file_;
  const std::string count_syncs_file_;

  const PrivateFolder folder_;
  std::unique_ptr<TokenEndpoint> endpoint_;
  SeededVault seeded_;
  int64_t leaves_before_ = 0;
  std::unique_ptr<SyncCounter> syncs_;
  absl::Duration start_time_;
  std::unique_ptr<ChildProcess> daemon_;
};

}  // namespace tokenvault
