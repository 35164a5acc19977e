#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/locked_pages.h"
#include "base/mutex.h"
#include "base/secret.h"

namespace tokenvault {

inline constexpr size_t kKeySize = 32;

// The one region of memory in which keys live: locked pages, of which
// base/locked_pages.h says what they keep. Tokens have a region of their own
// (base/secret_memory.h), so that many of them leave no key without a place.
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

  ~SecretArena();
  SecretArena(const SecretArena&) = delete;
  SecretArena& operator=(const SecretArena&) = delete;

  // Keys that fit, and keys there are.
  size_t capacity() const { return pages_.size() / kKeySize; }
  size_t used() const;
  // Waits until there is none, for as long as `patience`: how many are left.
  size_t WaitUntilEmpty(absl::Duration patience) const;
  // Whether the pages are memfd_secret(2)'s.
  bool hidden_from_kernel() const { return pages_.hidden_from_kernel(); }

 private:
  friend class ArenaKey;

  explicit SecretArena(LockedPages pages);

  // 32 zero bytes, or nullptr when the arena is full.
  unsigned char* Take();
  // Wipes the bytes and makes them available again.
  void Return(unsigned char* slot);

  const LockedPages pages_;
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
