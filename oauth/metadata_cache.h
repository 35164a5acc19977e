#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/mutex.h"

namespace tokenvault {

// Documents that servers publish about themselves, by name. Fresh for an hour;
// while a server cannot be reached, its document of up to a day ago is used.
// After a failure a server is left alone for thirty seconds. Thread-safe; Get
// may block in `fetch`, outside its lock.
template <typename Document>
class MetadataCache {
 public:
  // What is known, or what `fetch` says. PROVIDER_UNREACHABLE means that the
  // server is away; after any other error of `fetch` an old document does not
  // count any more.
  absl::StatusOr<Document> Get(
      const std::string& name, absl::Time now,
      absl::FunctionRef<absl::StatusOr<Document>()> fetch) {
    {
      MutexLock lock(mutex_);
      Entry& entry = entries_[name];
      if (now < entry.fetched + kFresh) return entry.document;
      if (now < entry.tried + kRetryFloor && !entry.failure.ok()) {
        return AfterFailure(entry, now);
      }
      entry.tried = now;
    }
    absl::StatusOr<Document> fetched = fetch();
    MutexLock lock(mutex_);
    Entry& entry = entries_[name];
    if (fetched.ok()) {
      entry.document = *fetched;
      entry.fetched = now;
      entry.failure = absl::OkStatus();
      return fetched;
    }
    entry.failure = fetched.status();
    return AfterFailure(entry, now);
  }

 private:
  static constexpr absl::Duration kFresh = absl::Hours(1);
  static constexpr absl::Duration kUsable = absl::Hours(24);
  static constexpr absl::Duration kRetryFloor = absl::Seconds(30);

  struct Entry {
    Document document;
    absl::Time fetched = absl::InfinitePast();
    absl::Time tried = absl::InfinitePast();
    absl::Status failure;
  };

  // Away is not wrong: a document that is there and bad replaces a good one.
  static absl::StatusOr<Document> AfterFailure(const Entry& entry,
                                               absl::Time now) {
    if (HasReason(entry.failure, "PROVIDER_UNREACHABLE") &&
        now < entry.fetched + kUsable) {
      return entry.document;
    }
    return entry.failure;
  }

  Mutex mutex_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
