#include "crypto/secret_arena.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {

absl::StatusOr<std::unique_ptr<SecretArena>> SecretArena::Create(size_t bytes) {
  ASSIGN_OR_RETURN(LockedPages pages, LockedPages::Map(bytes));
  return std::unique_ptr<SecretArena>(new SecretArena(std::move(pages)));
}

SecretArena::SecretArena(LockedPages pages) : pages_(std::move(pages)) {
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
  return pages_.begin() + slot * kKeySize;
}

void SecretArena::Return(unsigned char* slot) {
  sodium_memzero(slot, kKeySize);
  MutexLock lock(mutex_);
  free_slots_.push_back(
      static_cast<uint32_t>((slot - pages_.begin()) / kKeySize));
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
