#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/closed_loop.h"
#include "bench/comparison.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"
#include "bench/transport.h"

namespace tokenvault {

// A vault on the disk, the same with its database in memory, and a bare echo of
// its answers, all reached in one way, with their caches warm.
class SideBySide {
 public:
  static absl::StatusOr<std::unique_ptr<SideBySide>> Start(
      const Setting& setting, Transport transport);

  Trio At(std::vector<int> levels) const;
  ClosedLoop& vault_loop() const { return *vault_loop_; }
  const ServedVault& vault() const { return *vault_; }

  // Stops all; DATA_LOSS as ServedVault::StopAndCheck.
  absl::Status StopAndCheck();

 private:
  SideBySide() = default;

  Transport transport_ = Transport::kTcp;
  std::unique_ptr<ServedVault> vault_;
  std::unique_ptr<ServedVault> memory_;
  std::unique_ptr<ChildProcess> echo_;
  std::unique_ptr<ClosedLoop> vault_loop_;
  std::unique_ptr<ClosedLoop> memory_loop_;
  std::unique_ptr<ClosedLoop> echo_loop_;
};

}  // namespace tokenvault
