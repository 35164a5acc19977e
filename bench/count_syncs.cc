// Loaded into tokenvaultd with LD_PRELOAD: counts fsync and fdatasync in a file
// that the benchmark has mapped as well ($TOKENVAULT_SYNC_COUNT, 8 bytes). A
// debugger would count the same and stop the daemon each time.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

using Sync = int (*)(int);

std::atomic<uint64_t>* MapCounter() {
  const char* path = getenv("TOKENVAULT_SYNC_COUNT");
  if (path == nullptr) return nullptr;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(std::atomic<uint64_t>),
                      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return memory == MAP_FAILED ? nullptr
                              : static_cast<std::atomic<uint64_t>*>(memory);
}

int Count(const char* name, int fd) {
  static std::atomic<uint64_t>* const counter = MapCounter();
  if (counter != nullptr) ++*counter;
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fsync(int fd) { return Count("fsync", fd); }
extern "C" int fdatasync(int fd) { return Count("fdatasync", fd); }
