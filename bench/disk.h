#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/sample.h"

namespace tokenvault {

// Where files are in memory, on a usual Linux.
inline constexpr char kMemoryFolder[] = "/dev/shm";
// Whether `folder` is on a tmpfs.
bool IsOnTmpfs(const std::string& folder);

// What one fdatasync costs in `folder`: `count` times 4 KiB are appended to a
// file there and synced. UNAVAILABLE when the disk refuses.
absl::StatusOr<Sample> MeasureSyncs(const std::string& folder, int count);

// How often a process that has bench/count_syncs loaded has synced.
class SyncCounter {
 public:
  // Makes the file that both sides map.
  static absl::StatusOr<std::unique_ptr<SyncCounter>> Create(
      const std::string& path);

  uint64_t count() const { return *counter_; }

 private:
  explicit SyncCounter(const std::atomic<uint64_t>* counter)
      : counter_(counter) {}
  // Mapped until this process ends.
  const std::atomic<uint64_t>* const counter_;
};

}  // namespace tokenvault
