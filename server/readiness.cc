#include "server/readiness.h"

#include <sys/statvfs.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/log.h"

namespace tokenvault {
namespace {

// A commit that takes longer will keep callers waiting, too.
constexpr absl::Duration kPatience = absl::Seconds(5);

// Set by the store's thread, awaited by ours; shared, for one of them may give
// up first.
struct Written {
  Mutex mutex;
  CondVar done;
  std::optional<absl::Status> status ABSL_GUARDED_BY(mutex);
};

bool HasRoom(const std::string& path, int64_t bytes) {
  struct statvfs disk;
  if (statvfs(path.c_str(), &disk) != 0) return true;  // the commit will tell
  return static_cast<int64_t>(disk.f_bavail) *
             static_cast<int64_t>(disk.f_frsize) >=
         bytes;
}

}  // namespace

Readiness::Readiness(const Clock& clock, Store& store, const SealSwitch& seal,
                     std::string storage_path,
                     std::function<void(bool ready)> changed)
    : clock_(clock),
      store_(store),
      seal_(seal),
      storage_path_(std::move(storage_path)),
      changed_(std::move(changed)) {
  Check();
  thread_ = std::thread([this] { Run(); });
}

Readiness::~Readiness() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_asked_.NotifyAll();
  thread_.join();
}

void Readiness::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stopping_) stop_asked_.WaitFor(mutex_, kInterval);
      if (stopping_) return;
    }
    Check();
  }
}

void Readiness::Check() {
  const bool ready = Look();
  const bool before = ready_.exchange(ready);
  bool first;
  {
    MutexLock lock(mutex_);
    first = !told_;
    told_ = true;
  }
  if (!first && before == ready) return;
  if (!first || !ready) {
    Log(ready ? LogLevel::kInfo : LogLevel::kError,
        ready ? "ready" : "not_ready",
        ready ? "the vault can do its work again"
              : "the vault cannot do its work: it is sealed, or its disk is "
                "full or does not take writes");
  }
  changed_(ready);
}

// Sweeps what expired when it is time to, and otherwise only goes through the
// writer and back: both prove that commits get through.
bool Readiness::Look() {
  const absl::Time now = clock_.Now();
  WriteBatch batch;
  {
    MutexLock lock(mutex_);
    WriteBatch::PurgeExpired sweep{absl::InfinitePast(), absl::InfinitePast()};
    if (now - last_sweep_ >= kSweepInterval) {
      sweep = {now, now - kKeepInteractions};
      last_sweep_ = now;
    }
    batch.Purge(sweep);
  }
  auto written = std::make_shared<Written>();
  store_.Commit(std::move(batch), [written](absl::Status status) {
    {
      MutexLock lock(written->mutex);
      written->status = std::move(status);
    }
    written->done.NotifyAll();
  });
  {
    MutexLock lock(written->mutex);
    while (!written->status.has_value()) {
      if (!written->done.WaitFor(written->mutex, kPatience)) break;
    }
    if (!written->status.has_value() || !written->status->ok()) return false;
  }
  return !seal_.sealed() &&
         (storage_path_.empty() || HasRoom(storage_path_, kMinFreeBytes));
}

}  // namespace tokenvault
