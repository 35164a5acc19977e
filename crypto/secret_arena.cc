#include "crypto/secret_arena.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/errors.h"

namespace tokenvault {
namespace {

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
bool MapLockedPages(unsigned char* begin, size_t bytes) {
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

absl::StatusOr<std::unique_ptr<SecretArena>> SecretArena::Create(size_t bytes) {
  return Create(bytes, /*try_secret_pages=*/true);
}

absl::StatusOr<std::unique_ptr<SecretArena>> SecretArena::CreateWithMlock(
    size_t bytes) {
  return Create(bytes, /*try_secret_pages=*/false);
}

absl::StatusOr<std::unique_ptr<SecretArena>> SecretArena::Create(
    size_t bytes, bool try_secret_pages) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > kMaxBytes) {
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
  if ((!hidden && !MapLockedPages(begin, bytes)) ||
      madvise(begin, bytes, MADV_DONTFORK) != 0) {
    Unreserve(begin, bytes, page);
    return errors::MemoryNotLocked(
        "raise the limit on locked memory (LimitMEMLOCK= in the unit, or "
        "ulimit -l), or make the arena smaller");
  }
  // Touch every page now: a page that cannot be had ends the start, not a call.
  std::memset(begin, 0, bytes);
  return std::unique_ptr<SecretArena>(new SecretArena(begin, bytes, hidden));
}

SecretArena::SecretArena(unsigned char* begin, size_t bytes,
                         bool hidden_from_kernel)
    : begin_(begin), bytes_(bytes), hidden_from_kernel_(hidden_from_kernel) {
  MutexLock lock(mutex_);
  // The last is taken first, so that keys fill the arena from its beginning.
  free_slots_.reserve(capacity());
  for (size_t slot = capacity(); slot > 0; --slot) {
    free_slots_.push_back(static_cast<uint32_t>(slot - 1));
  }
}

SecretArena::~SecretArena() {
  // A key that outlives the arena would be read, then wiped, at an address that
  // by then may be somebody else's.
  if (used() != 0) std::abort();
  Unreserve(begin_, bytes_, static_cast<size_t>(sysconf(_SC_PAGESIZE)));
}

size_t SecretArena::used() const {
  MutexLock lock(mutex_);
  return capacity() - free_slots_.size();
}

unsigned char* SecretArena::Take() {
  MutexLock lock(mutex_);
  if (free_slots_.empty()) return nullptr;
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return begin_ + slot * kKeySize;
}

void SecretArena::Return(unsigned char* slot) {
  sodium_memzero(slot, kKeySize);
  MutexLock lock(mutex_);
  free_slots_.push_back(static_cast<uint32_t>((slot - begin_) / kKeySize));
  if (free_slots_.size() == capacity()) returned_.NotifyAll();
}

size_t SecretArena::WaitUntilEmpty(absl::Duration patience) const {
  MutexLock lock(mutex_);
  while (free_slots_.size() < capacity()) {
    if (!returned_.WaitFor(mutex_, patience)) break;
  }
  return capacity() - free_slots_.size();
}

absl::StatusOr<ArenaKey> ArenaKey::Zero(SecretArena& arena) {
  unsigned char* slot = arena.Take();
  if (slot == nullptr) {
    return errors::MemoryNotLocked(
        "the arena for keys is full; make it larger");
  }
  return ArenaKey(&arena, slot);
}

absl::StatusOr<ArenaKey> ArenaKey::Random(SecretArena& arena) {
  absl::StatusOr<ArenaKey> key = Zero(arena);
  if (key.ok()) randombytes_buf(key->slot_, kKeySize);
  return key;
}

absl::StatusOr<ArenaKey> ArenaKey::From(SecretArena& arena,
                                        const Secret& bytes) {
  if (bytes.size() != kKeySize) return errors::Internal("a key has 32 bytes");
  absl::StatusOr<ArenaKey> key = Zero(arena);
  if (key.ok()) std::memcpy(key->slot_, bytes.Reveal().data(), kKeySize);
  return key;
}

ArenaKey::ArenaKey(ArenaKey&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)),
      slot_(std::exchange(other.slot_, nullptr)) {}

ArenaKey& ArenaKey::operator=(ArenaKey&& other) noexcept {
  if (this != &other) {
    Release();
    arena_ = std::exchange(other.arena_, nullptr);
    slot_ = std::exchange(other.slot_, nullptr);
  }
  return *this;
}

void ArenaKey::Release() {
  if (slot_ == nullptr) return;
  arena_->Return(slot_);
  arena_ = nullptr;
  slot_ = nullptr;
}

}  // namespace tokenvault
