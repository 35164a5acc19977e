#include "bench/disk.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tokenvault {
namespace {

constexpr size_t kBlock = 4096;

}  // namespace

bool IsOnTmpfs(const std::string& folder) {
  struct statfs about = {};
  return statfs(folder.c_str(), &about) == 0 && about.f_type == TMPFS_MAGIC;
}

absl::StatusOr<Sample> MeasureSyncs(const std::string& folder, int count) {
  const std::string path = folder + "/sync-probe";
  const int fd =
      open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError("the disk cannot be probed");
  const std::string block(kBlock, 'x');
  Sample micros;
  bool good = true;
  for (int i = 0; i < count && good; ++i) {
    good = write(fd, block.data(), kBlock) == static_cast<ssize_t>(kBlock);
    const absl::Time start = absl::Now();
    good = good && fdatasync(fd) == 0;
    micros.values.push_back(absl::ToDoubleMicroseconds(absl::Now() - start));
  }
  close(fd);
  unlink(path.c_str());
  if (!good) return absl::UnavailableError("the disk cannot be probed");
  return micros;
}

absl::StatusOr<std::unique_ptr<SyncCounter>> SyncCounter::Create(
    const std::string& path) {
  const int fd = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  void* memory = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, sizeof(SyncWords)) == 0) {
    memory = mmap(nullptr, sizeof(SyncWords), PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
  }
  if (fd >= 0) close(fd);
  if (memory == MAP_FAILED) {
    return absl::UnavailableError("the counter of syncs cannot be made");
  }
  return std::unique_ptr<SyncCounter>(
      new SyncCounter(static_cast<SyncWords*>(memory)));
}

}  // namespace tokenvault
