#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/secret.h"

namespace tokenvault {

inline constexpr size_t kKeySize = 32;

// The one region of memory in which keys live. Its pages are never swapped,
// never part of a core dump, not there in a forked child, and have a page that
// cannot be touched on either side. Where the kernel has memfd_secret(2), they
// are out of the kernel's own map as well.
//
// It promises that a key is in locked memory or nowhere: when it is full it
// says so, and never hands out ordinary memory instead.
//
// Thread-safe. It must outlive its keys; ending it earlier ends the process.
//
//   ASSIGN_OR_RETURN(auto arena, SecretArena::Create(1 << 20));
//   ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(*arena));
class SecretArena {
 public:
  // `bytes` are rounded up to whole pages; a key takes 32. MEMORY_NOT_LOCKED
  // when the system does not let us lock that much.
  static absl::StatusOr<std::unique_ptr<SecretArena>> Create(size_t bytes);
  // What Create falls back to on a kernel without memfd_secret(2): anonymous
  // memory and mlock(2). Named so that its tests run on every kernel.
  static absl::StatusOr<std::unique_ptr<SecretArena>> CreateWithMlock(
      size_t bytes);

  ~SecretArena();
  SecretArena(const SecretArena&) = delete;
  SecretArena& operator=(const SecretArena&) = delete;

  // Keys that fit, and keys there are.
  size_t capacity() const { return bytes_ / kKeySize; }
  size_t used() const;
  // Waits until there is none, for as long as `patience`: how many are left.
  size_t WaitUntilEmpty(absl::Duration patience) const;
  // Whether the pages are memfd_secret(2)'s.
  bool hidden_from_kernel() const { return hidden_from_kernel_; }

 private:
  friend class ArenaKey;

  static constexpr size_t kMaxBytes = size_t{1} << 30;

  static absl::StatusOr<std::unique_ptr<SecretArena>> Create(
      size_t bytes, bool try_secret_pages);
  // Takes over `bytes` locked, zeroed bytes between two guard pages.
  SecretArena(unsigned char* begin, size_t bytes, bool hidden_from_kernel);

  // 32 zero bytes, or nullptr when the arena is full.
  unsigned char* Take();
  // Wipes the bytes and makes them available again.
  void Return(unsigned char* slot);

  unsigned char* const begin_;
  const size_t bytes_;
  const bool hidden_from_kernel_;

  mutable Mutex mutex_;
  mutable CondVar returned_;
  std::vector<uint32_t> free_slots_ ABSL_GUARDED_BY(mutex_);
};

// A 32-byte key in a SecretArena: wiped and given back when it is destroyed,
// overwritten or moved from. Not copyable.
//
// Thread-compatible; several threads may read one key.
class ArenaKey {
 public:
  // A new random key. MEMORY_NOT_LOCKED when the arena is full.
  static absl::StatusOr<ArenaKey> Random(SecretArena& arena);
  // A copy of `bytes`, which the caller lets go of. MEMORY_NOT_LOCKED when the
  // arena is full, INTERNAL when they are not 32.
  static absl::StatusOr<ArenaKey> From(SecretArena& arena, const Secret& bytes);

  ~ArenaKey() { Release(); }
  ArenaKey(ArenaKey&& other) noexcept;
  ArenaKey& operator=(ArenaKey&& other) noexcept;
  ArenaKey(const ArenaKey&) = delete;
  ArenaKey& operator=(const ArenaKey&) = delete;

  // The 32 bytes; none once moved from. Valid while this object lives
  // unchanged. As with Secret::Reveal(): where it is used, and never kept.
  absl::string_view view() const {
    return {reinterpret_cast<const char*>(slot_),
            slot_ == nullptr ? 0 : kKeySize};
  }

 private:
  ArenaKey(SecretArena* arena, unsigned char* slot)
      : arena_(arena), slot_(slot) {}
  static absl::StatusOr<ArenaKey> Zero(SecretArena& arena);
  void Release();

  SecretArena* arena_;
  unsigned char* slot_;
};

}  // namespace tokenvault
