#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/sample.h"
#include "bench/sync_words.h"

namespace tokenvault {

// Where files are in memory, on a usual Linux.
inline constexpr char kMemoryFolder[] = "/dev/shm";
// Whether `folder` is on a tmpfs.
bool IsOnTmpfs(const std::string& folder);

// What one fdatasync costs in `folder`: `count` times 4 KiB are appended to a
// file there and synced. UNAVAILABLE when the disk refuses.
absl::StatusOr<Sample> MeasureSyncs(const std::string& folder, int count);

// How often a process that has bench/count_syncs loaded has synced; and whether
// it may. Thread-safe.
class SyncCounter {
 public:
  // Makes the file that both sides map.
  static absl::StatusOr<std::unique_ptr<SyncCounter>> Create(
      const std::string& path);

  uint64_t count() const { return words_->count; }

  // From now on a sync waits before it begins; or those that wait go on. One
  // that is under way already is not held up.
  void Stall() { words_->stalled = 1; }
  void Release() { words_->stalled = 0; }
  // How many wait right now.
  uint64_t waiting() const { return words_->waiting; }

 private:
  explicit SyncCounter(SyncWords* words) : words_(words) {}
  // Mapped until this process ends.
  SyncWords* const words_;
};

}  // namespace tokenvault
