// Loaded into tokenvaultd with LD_PRELOAD: counts fsync and fdatasync in a file
// that the benchmark has mapped as well ($TOKENVAULT_SYNC_COUNT, SyncWords),
// and lets them wait while the benchmark wants a disk that stands still. A
// debugger would count the same and stop the daemon each time.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "bench/sync_words.h"

namespace {

using Sync = int (*)(int);
using tokenvault::SyncWords;

SyncWords* MapWords() {
  const char* path = getenv("TOKENVAULT_SYNC_COUNT");
  if (path == nullptr) return nullptr;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(SyncWords), PROT_READ | PROT_WRITE,
                      MAP_SHARED, fd, 0);
  close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<SyncWords*>(memory);
}

// The daemon's filter of system calls allows this one.
void WaitWhileStalled(SyncWords& words) {
  if (words.stalled == 0) return;
  ++words.waiting;
  while (words.stalled != 0) {
    const struct timespec millisecond = {0, 1'000'000};
    nanosleep(&millisecond, nullptr);
  }
  --words.waiting;
}

int Count(const char* name, int fd) {
  static SyncWords* const words = MapWords();
  if (words != nullptr) {
    ++words->count;
    WaitWhileStalled(*words);
  }
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fsync(int fd) { return Count("fsync", fd); }
extern "C" int fdatasync(int fd) { return Count("fdatasync", fd); }
