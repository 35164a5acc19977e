#pragma once

#include <atomic>
#include <thread>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "vault/broker.h"
#include "vault/directory.h"
#include "vault/high_water_mark.h"
#include "vault/keep_alive.h"
#include "vault/refresher.h"
#include "vault/seal_switch.h"
#include "vault/token_cache.h"
#include "vault/upstream_revocations.h"
#include "vault/worker_pool.h"

namespace tokenvault {

// What has to be done from time to time though nobody asks for it:
//
//   - Notices that the time of day was set, and forgets every access token:
//   when
//     they end is known no more. The next request fetches a new one.
//   - Commits answers that landed while the disk took no commit.
//   - Tells providers again of revocations that they did not confirm.
//   - Uses refresh tokens that would die of not being used.
//   - Writes beside the database how far the audit log is.
//
// One thread that never blocks on a provider; what may, goes to the pool. While
// the vault is sealed it only looks at the clock.
class Upkeep {
 public:
  static constexpr absl::Duration kRound = absl::Seconds(1);
  // The two clocks drift apart by less than that between two rounds, unless
  // somebody sets one.
  static constexpr absl::Duration kStep = absl::Seconds(5);
  // How often idle refresh tokens are looked for.
  static constexpr absl::Duration kIdleRound = absl::Minutes(10);

  // `mark` may be null: for a vault in memory. The first round comes with
  // Start.
  Upkeep(const Clock& clock, const DirectoryHolder& directory,
         const SealSwitch& seal, TokenCache& cache, Refresher& refresher,
         UpstreamRevocations& revocations, KeepAlive& keep_alive,
         Broker& broker, WorkerPool& pool, HighWaterMark* mark);
  // Ends after the round under way.
  ~Upkeep();

  void Start();
  // Only for tests, instead of Start.
  void RunOnce();

 private:
  void Run();
  void LookAtTheClock();
  void AskProviders();

  const Clock& clock_;
  const DirectoryHolder& directory_;
  const SealSwitch& seal_;
  TokenCache& cache_;
  Refresher& refresher_;
  UpstreamRevocations& revocations_;
  KeepAlive& keep_alive_;
  Broker& broker_;
  WorkerPool& pool_;
  HighWaterMark* const mark_;

  // Where the time of day stood at zero of SinceBoot, the round's own.
  absl::Time boot_;
  // Since boot; the job's own.
  absl::Duration next_idle_round_ = absl::ZeroDuration();
  std::atomic<bool> asking_ = false;

  Mutex mutex_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tokenvault
