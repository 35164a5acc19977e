#include "bench/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace tokenvault {

absl::Status DropFromPageCache(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return absl::OkStatus();
  // Pages not yet written would stay.
  const bool dropped = fd >= 0 && fsync(fd) == 0 &&
                       posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0;
  if (fd >= 0) close(fd);
  return dropped ? absl::OkStatus()
                 : absl::UnavailableError("the page cache cannot be emptied");
}

absl::StatusOr<double> ShareInPageCache(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat file = {};
  const bool found = fd >= 0 && fstat(fd, &file) == 0 && file.st_size > 0;
  const auto size = static_cast<size_t>(file.st_size);
  void* memory =
      found ? mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (fd >= 0) close(fd);
  if (memory == MAP_FAILED) {
    return absl::UnavailableError("the page cache cannot be looked into");
  }
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((size + page - 1) / page);
  const bool told = mincore(memory, size, pages.data()) == 0;
  munmap(memory, size);
  if (!told) {
    return absl::UnavailableError("the page cache cannot be looked into");
  }
  const auto held = std::count_if(pages.begin(), pages.end(),
                                  [](unsigned char p) { return (p & 1) != 0; });
  return static_cast<double>(held) / static_cast<double>(pages.size());
}

}  // namespace tokenvault
