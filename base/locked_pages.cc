#include "base/locked_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr size_t kMostLocked = size_t{1} << 30;

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

// Address space for `bytes` and a page on either side, nothing of it usable.
// Returns where the bytes begin, or nullptr.
unsigned char* Reserve(size_t bytes, size_t page) {
  void* area = mmap(nullptr, bytes + 2 * page, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return nullptr;
  return static_cast<unsigned char*>(area) + page;
}

void Unreserve(unsigned char* begin, size_t bytes, size_t page) {
  munmap(begin - page, bytes + 2 * page);
}

// Puts memfd_secret(2)'s pages at `begin`. They are locked and undumpable by
// nature.
bool MapSecretPages(unsigned char* begin, size_t bytes) {
#ifdef SYS_memfd_secret
  const int fd = static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC));
  if (fd < 0) return false;
  void* mapped = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(bytes)) == 0) {
    mapped = mmap(begin, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                  fd, 0);
  }
  close(fd);
  return mapped != MAP_FAILED;
#else
  (void)begin;
  (void)bytes;
  return false;
#endif
}

// mlock2, as the sanitizers' runtimes turn mlock(2) into nothing, and what is
// promised here is promised in every build.
bool MapAnonymousLocked(unsigned char* begin, size_t bytes) {
  void* mapped = mmap(begin, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  return mapped != MAP_FAILED && mlock2(begin, bytes, 0) == 0 &&
         madvise(begin, bytes, MADV_DONTDUMP) == 0;
}

size_t RoundUp(size_t bytes, size_t page) {
  if (bytes == 0) bytes = 1;
  return (bytes + page - 1) / page * page;
}

}  // namespace

absl::StatusOr<LockedPages> LockedPages::Map(size_t bytes) {
  return Map(bytes, /*try_secret_pages=*/true);
}

absl::StatusOr<LockedPages> LockedPages::MapWithMlock(size_t bytes) {
  return Map(bytes, /*try_secret_pages=*/false);
}

absl::StatusOr<LockedPages> LockedPages::Map(size_t bytes,
                                             bool try_secret_pages) {
  const size_t page = PageSize();
  if (bytes > kMostLocked) {
    return errors::MemoryNotLocked("more than 1 GiB was asked for");
  }
  bytes = RoundUp(bytes, page);
  unsigned char* begin = Reserve(bytes, page);
  if (begin == nullptr) {
    return errors::MemoryNotLocked("there is not enough address space");
  }
  const bool hidden = try_secret_pages && MapSecretPages(begin, bytes);
  // DONTFORK, not WIPEONFORK: a child that sealed under a key of zeros would be
  // worse than one that crashes.
  if ((!hidden && !MapAnonymousLocked(begin, bytes)) ||
      madvise(begin, bytes, MADV_DONTFORK) != 0) {
    Unreserve(begin, bytes, page);
    return errors::MemoryNotLocked(
        "raise the limit on locked memory (LimitMEMLOCK= in the unit, or "
        "ulimit -l), or make the arena smaller");
  }
  // Touch every page now: a page that cannot be had ends the start, not a call.
  std::memset(begin, 0, bytes);
  return LockedPages(begin, bytes, hidden);
}

LockedPages::~LockedPages() { Unmap(); }

LockedPages::LockedPages(LockedPages&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      hidden_from_kernel_(other.hidden_from_kernel_) {}

LockedPages& LockedPages::operator=(LockedPages&& other) noexcept {
  if (this != &other) {
    Unmap();
    begin_ = std::exchange(other.begin_, nullptr);
    size_ = std::exchange(other.size_, 0);
    hidden_from_kernel_ = other.hidden_from_kernel_;
  }
  return *this;
}

void LockedPages::Unmap() {
  if (begin_ != nullptr) Unreserve(begin_, size_, PageSize());
  begin_ = nullptr;
}

}  // namespace tokenvault
