#pragma once

#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/mutex.h"

namespace tokenvault {

// Calls `begin` with a `done`, and waits until that was called, from whatever
// thread: what it was called with. For what calls `done` exactly once.
inline absl::Status Await(
    absl::FunctionRef<void(absl::AnyInvocable<void(absl::Status)>)> begin) {
  Mutex mutex;
  CondVar arrived;
  std::optional<absl::Status> result;
  begin([&](absl::Status status) {
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
