#pragma once

#include <atomic>
#include <thread>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "vault/audit_archiver.h"
#include "vault/broker.h"
#include "vault/checkpoints.h"
#include "vault/directory.h"
#include "vault/keep_alive.h"
#include "vault/refresher.h"
#include "vault/seal_switch.h"
#include "vault/token_cache.h"
#include "vault/upstream_revocations.h"
#include "vault/witnesses.h"
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
//   - Signs how far the audit log is, tells it to witnesses, and archives what
//     is too old.
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

  // What is done to the audit log.
  struct LogWork {
    Checkpoints& checkpoints;
    Witnesses& witnesses;
    AuditArchiver& archiver;
  };

  // The first round comes with Start.
  Upkeep(const Clock& clock, const DirectoryHolder& directory,
         const SealSwitch& seal, TokenCache& cache, Refresher& refresher,
         UpstreamRevocations& revocations, KeepAlive& keep_alive,
         Broker& broker, WorkerPool& pool, LogWork log);
  // Ends after the round under way, and after what that left on the pool.
  ~Upkeep();

  void Start();
  // Only for tests, instead of Start.
  void RunOnce();

 private:
  void Run();
  void LookAtTheClock();
  void AskProviders();
  void TellWitnesses();
  // Runs `job` on the pool, unless `under_way`: the one of an earlier round.
  void OnPool(std::atomic<bool>& under_way, WorkerPool::Job job);

  const Clock& clock_;
  const DirectoryHolder& directory_;
  const SealSwitch& seal_;
  TokenCache& cache_;
  Refresher& refresher_;
  UpstreamRevocations& revocations_;
  KeepAlive& keep_alive_;
  Broker& broker_;
  WorkerPool& pool_;
  const LogWork log_;

  // Where the time of day stood at zero of SinceBoot, the round's own.
  absl::Time boot_;
  // Since boot; the job's own.
  absl::Duration next_idle_round_ = absl::ZeroDuration();
  std::atomic<bool> asking_ = false;
  std::atomic<bool> telling_ = false;

  Mutex mutex_;
  CondVar stop_;
  CondVar job_ended_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int on_pool_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace tokenvault
