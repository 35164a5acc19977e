#include "vault/upkeep.h"

#include "absl/strings/str_cat.h"
#include "base/log.h"

namespace tokenvault {

Upkeep::Upkeep(const Clock& clock, const DirectoryHolder& directory,
               const SealSwitch& seal, TokenCache& cache, Refresher& refresher,
               UpstreamRevocations& revocations, KeepAlive& keep_alive,
               Broker& broker, WorkerPool& pool, LogWork log)
    : clock_(clock),
      directory_(directory),
      seal_(seal),
      cache_(cache),
      refresher_(refresher),
      revocations_(revocations),
      keep_alive_(keep_alive),
      broker_(broker),
      pool_(pool),
      log_(log),
      boot_(clock.Now() - clock.SinceBoot()) {}

Upkeep::~Upkeep() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void Upkeep::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Upkeep::Run() {
  for (;;) {
    RunOnce();
    MutexLock lock(mutex_);
    if (!stopping_) stop_.WaitFor(mutex_, kRound);
    if (stopping_) return;
  }
}

void Upkeep::RunOnce() {
  LookAtTheClock();
  if (seal_.sealed()) return;
  AskProviders();
  log_.checkpoints.Keep();
  log_.witnesses.PublishBeside();
  TellWitnesses();
  log_.archiver.Keep();
}

void Upkeep::LookAtTheClock() {
  const absl::Time boot = clock_.Now() - clock_.SinceBoot();
  const absl::Duration step = boot - boot_;
  boot_ = boot;
  if (step > -kStep && step < kStep) return;
  Log(LogLevel::kWarning, "clock.set",
      absl::StrCat("the time of day was set by ", absl::FormatDuration(step),
                   "; all access tokens are fetched anew"));
  cache_.InvalidateAll();
  refresher_.ForgetTimes();
}

void Upkeep::AskProviders() {
  if (asking_.exchange(true)) return;
  const bool taken = pool_.Submit([this] {
    std::shared_ptr<const Directory> directory = directory_.Get();
    broker_.CommitLanded(directory);
    revocations_.TellDue(*directory);
    const absl::Duration now = clock_.SinceBoot();
    if (now >= next_idle_round_) {
      next_idle_round_ = now + kIdleRound;
      keep_alive_.UseIdle(directory);
    }
    asking_ = false;
  });
  // Busy: the next round is soon.
  if (!taken) asking_ = false;
}

void Upkeep::TellWitnesses() {
  if (!log_.witnesses.HasOthers() || telling_.exchange(true)) return;
  const bool taken = pool_.Submit([this] {
    log_.witnesses.Publish();
    telling_ = false;
  });
  if (!taken) telling_ = false;
}

}  // namespace tokenvault
