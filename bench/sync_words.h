#pragma once

#include <atomic>
#include <cstdint>

namespace tokenvault {

// What the benchmark and the library in the daemon share: a mapped file.
struct SyncWords {
  std::atomic<uint64_t> count;    // calls of fsync and fdatasync so far
  std::atomic<uint64_t> stalled;  // not 0: calls wait, and reach no disk
  std::atomic<uint64_t> waiting;  // calls that wait right now
};

}  // namespace tokenvault
