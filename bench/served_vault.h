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

  const SeededVault& seeded() const { return seeded_; }
  // From the start of the process until it served.
  absl::Duration start_time() const { return start_time_; }
  const ChildProcess& daemon() const { return *daemon_; }
  const SyncCounter& syncs() const { return *syncs_; }
  const std::string& folder() const { return folder_.path(); }

  // Stops the daemon. DATA_LOSS unless it synced at all, and its log has at
  // least `tokens` leaves more than before: what was handed out and is not in
  // the log was handed out in secret.
  absl::Status StopAndCheck(int64_t tokens);

 private:
  explicit ServedVault(PrivateFolder folder) : folder_(std::move(folder)) {}

  const PrivateFolder folder_;
  std::unique_ptr<TokenEndpoint> endpoint_;
  SeededVault seeded_;
  int64_t leaves_before_ = 0;
  std::unique_ptr<SyncCounter> syncs_;
  absl::Duration start_time_;
  std::unique_ptr<ChildProcess> daemon_;
};

}  // namespace tokenvault
