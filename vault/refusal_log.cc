#include "vault/refusal_log.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tokenvault {

absl::Status RefusalLog::Write(AuditEvent event) {
  const absl::Time now = clock_.Now();
  int64_t left_out = 0;
  {
    MutexLock lock(mutex_);
    // Also when the clock was set back.
    if (now - minute_ >= absl::Minutes(1) || now < minute_) {
      minute_ = now;
      written_ = 0;
    }
    if (written_ == kPerMinute) {
      ++left_out_;
      return absl::OkStatus();
    }
    ++written_;
    left_out = std::exchange(left_out_, 0);
  }
  if (left_out > 0) {
    absl::StrAppend(&event.detail, "; ", left_out, " more left out");
  }
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, now));
  absl::Status status = store_.Commit(std::move(batch));
  if (!status.ok()) {
    MutexLock lock(mutex_);
    left_out_ += left_out;
  }
  return status;
}

}  // namespace tokenvault
