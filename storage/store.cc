#include "storage/store.h"

#include <optional>
#include <utility>

#include "base/mutex.h"

namespace tokenvault {

absl::Status Store::Commit(WriteBatch batch) {
  Mutex mutex;
  CondVar arrived;
  std::optional<absl::Status> result;
  Commit(std::move(batch), [&](absl::Status status) {
    // Notified under the lock: once it is free, all of this may be gone.
    MutexLock lock(mutex);
    result = std::move(status);
    arrived.NotifyOne();
  });
  MutexLock lock(mutex);
  while (!result.has_value()) arrived.Wait(mutex);
  return *std::move(result);
}

}  // namespace tokenvault
