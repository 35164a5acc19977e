#include "vault/upkeep.h"

#include <utility>

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
  MutexLock lock(mutex_);
  while (on_pool_ > 0) job_ended_.Wait(mutex_);
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
  OnPool(asking_, [this] {
    std::shared_ptr<const Directory> directory = directory_.Get();
    broker_.CommitLanded(directory);
    revocations_.TellDue(*directory);
    const absl::Duration now = clock_.SinceBoot();
    if (now >= next_idle_round_) {
      next_idle_round_ = now + kIdleRound;
      keep_alive_.UseIdle(directory);
    }
  });
}

void Upkeep::TellWitnesses() {
  if (!log_.witnesses.HasOthers()) return;
  OnPool(telling_, [this] { log_.witnesses.Publish(); });
}

void Upkeep::OnPool(std::atomic<bool>& under_way, WorkerPool::Job job) {
  if (under_way.exchange(true)) return;
  {
    MutexLock lock(mutex_);
    ++on_pool_;
  }
  auto end = [this, &under_way] {
    under_way = false;
    MutexLock lock(mutex_);
    --on_pool_;
    // With the lock: whoever waits for that destroys it.
    job_ended_.NotifyAll();
  };
  const bool taken = pool_.Submit([end, job = std::move(job)]() mutable {
    job();
    end();
  });
  // Busy: the next round is soon.
  if (!taken) end();
}

}  // namespace tokenvault
