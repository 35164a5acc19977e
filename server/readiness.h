#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/seal_switch.h"

namespace tokenvault {

// Whether the vault can do its work: its key is open and its disk takes audit
// leaves. Looked at every `interval` on a thread of its own, together with what
// expired and can be swept. Thread-safe.
class Readiness {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(10);
  static constexpr absl::Duration kSweepInterval = absl::Minutes(10);
  // Settled questions stay this long, for agents that ask late.
  static constexpr absl::Duration kKeepInteractions = absl::Hours(24);
  // With less room the next leaf may not fit.
  static constexpr int64_t kMinFreeBytes = int64_t{16} << 20;

  // `storage_path`: the database, to see how full its disk is; "" for none.
  // `changed` hears of every change, and of the first state.
  Readiness(const Clock& clock, Store& store, const SealSwitch& seal,
            std::string storage_path, std::function<void(bool ready)> changed);
  ~Readiness();

  // Not ready from the moment that the vault is sealed.
  bool ready() const { return ready_ && !seal_.sealed(); }
  bool sealed() const { return seal_.sealed(); }
  // Looks now, on this thread.
  void Check();

 private:
  void Run();
  bool Look();

  const Clock& clock_;
  Store& store_;
  const SealSwitch& seal_;
  const std::string storage_path_;
  const std::function<void(bool)> changed_;
  std::atomic<bool> ready_{false};

  Mutex mutex_;
  CondVar stop_asked_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time last_sweep_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::thread thread_;
};

}  // namespace tokenvault
