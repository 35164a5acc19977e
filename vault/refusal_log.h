#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "storage/store.h"
#include "vault/audit_events.h"

namespace tokenvault {

// Leaves about browsers that were turned away, of the kind that anybody can
// cause by asking for an address: a callback with a state that was never given,
// one that comes again, one that is late. The log keeps its leaves for ever, so
// a stranger must not decide how many: of these, kPerMinute are written in a
// minute, and the next one after that says how many were left out
// ("state; 2140 more left out"). What ends a question is not written here but
// with the question: each of those cost a signed-in person a question.
//
// That a number is lost when the process ends, or when nobody is turned away
// after, is accepted: the first leaves tell that it happened, and what.
//
// Blocks; thread-safe.
class RefusalLog {
 public:
  static constexpr int kPerMinute = 30;

  RefusalLog(const Clock& clock, Store& store) : clock_(clock), store_(store) {}

  // OK also when the leaf was left out. STORAGE_*.
  absl::Status Write(AuditEvent event);

 private:
  const Clock& clock_;
  Store& store_;

  Mutex mutex_;
  absl::Time minute_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int written_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tokenvault
