#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/locked_pages.h"
#include "base/mutex.h"

namespace tokenvault {

// Locked memory (base/locked_pages.h) in blocks of any size, which is where the
// Secrets of a daemon are. Blocks are powers of two, halved to fit; halves that
// are both free are joined again when a larger block is wanted (a buddy
// allocator), so what is long lived and what is brief share it without tearing
// it to pieces. What is where is kept outside: the locked bytes hold nothing
// but secrets and zeros.
//
// Thread-safe. It must outlive its blocks.
class SecretMemory {
 public:
  static constexpr size_t kSmallest = 64;
  static constexpr size_t kLargest = size_t{256} * 1024;

  // `bytes` are rounded up to whole blocks of the largest size.
  // MEMORY_NOT_LOCKED when the system does not let us lock that much.
  static absl::StatusOr<std::unique_ptr<SecretMemory>> Create(size_t bytes);

  SecretMemory(const SecretMemory&) = delete;
  SecretMemory& operator=(const SecretMemory&) = delete;

  // `size` zero bytes, or nullptr when there is no room for them.
  char* Take(size_t size);
  // Wipes the block, of the size it was taken with, and makes it available
  // again.
  void Return(char* block, size_t size);
  bool Owns(const char* block) const;

  size_t capacity() const { return pages_.size(); }
  // In whole blocks.
  size_t used() const;
  bool hidden_from_kernel() const { return pages_.hidden_from_kernel(); }

 private:
  static constexpr size_t kOrders = 13;
  static_assert(kSmallest << (kOrders - 1) == kLargest);

  explicit SecretMemory(LockedPages pages);
  static size_t OrderOf(size_t size);
  // The lowest order from `order` on that has a free block, or kOrders.
  size_t FindFree(size_t order) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Join() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LockedPages pages_;
  mutable Mutex mutex_;
  // Where free blocks begin, by order: their size is kSmallest << order. The
  // lowest is taken first, which keeps large blocks whole.
  std::array<std::set<size_t>, kOrders> free_ ABSL_GUARDED_BY(mutex_);
  size_t used_ ABSL_GUARDED_BY(mutex_) = 0;
};

// From now on the Secrets of this process are in `bytes` of locked memory. For
// a daemon: once, before there is a second thread. Without it, and for what
// finds no room in it, Secrets are ordinary memory that is wiped; the first
// that finds none is logged as "secret_memory.full", and all are counted.
// MEMORY_NOT_LOCKED, and then nothing has changed.
absl::Status LockSecrets(size_t bytes);

// What LockSecrets set aside, or nullptr.
SecretMemory* LockedSecrets();
// Secrets that found no room in it, since the start.
uint64_t SecretsOutsideLockedMemory();

// Inside of Secret: a block of locked memory if there is one to be had, else of
// ordinary memory; and back again, wiped.
char* TakeSecretBlock(size_t size);
void ReturnSecretBlock(char* block, size_t size);

}  // namespace tokenvault
