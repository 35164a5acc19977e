#include "base/secret_memory.h"

#include <sodium.h>

#include <atomic>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

std::atomic<SecretMemory*> process_memory = nullptr;
std::atomic<uint64_t> outside = 0;

}  // namespace

absl::StatusOr<std::unique_ptr<SecretMemory>> SecretMemory::Create(
    size_t bytes) {
  bytes = (bytes + kLargest - 1) / kLargest * kLargest;
  ASSIGN_OR_RETURN(LockedPages pages, LockedPages::Map(bytes));
  return std::unique_ptr<SecretMemory>(new SecretMemory(std::move(pages)));
}

SecretMemory::SecretMemory(LockedPages pages) : pages_(std::move(pages)) {
  MutexLock lock(mutex_);
  for (size_t at = 0; at + kLargest <= pages_.size(); at += kLargest) {
    free_[kOrders - 1].insert(at);
  }
}

size_t SecretMemory::OrderOf(size_t size) {
  size_t order = 0;
  while (order < kOrders && (kSmallest << order) < size) ++order;
  return order;
}

char* SecretMemory::Take(size_t size) {
  const size_t order = OrderOf(size);
  MutexLock lock(mutex_);
  size_t from = FindFree(order);
  if (from >= kOrders) {
    Join();
    from = FindFree(order);
  }
  if (from >= kOrders) return nullptr;
  const size_t at = *free_[from].begin();
  free_[from].erase(free_[from].begin());
  // The upper half goes back, again and again, until the rest fits.
  while (from > order) {
    --from;
    free_[from].insert(at + (kSmallest << from));
  }
  used_ += kSmallest << order;
  return reinterpret_cast<char*>(pages_.begin() + at);
}

size_t SecretMemory::FindFree(size_t order) const {
  while (order < kOrders && free_[order].empty()) ++order;
  return order;
}

// Two halves are neighbours, and begin at numbers that differ in one bit.
void SecretMemory::Join() {
  for (size_t order = 0; order + 1 < kOrders; ++order) {
    const size_t size = kSmallest << order;
    for (auto it = free_[order].begin(); it != free_[order].end();) {
      const auto other = std::next(it);
      if (other == free_[order].end() || *other != (*it ^ size)) {
        it = other;
        continue;
      }
      free_[order + 1].insert(*it);
      it = free_[order].erase(it, std::next(other));
    }
  }
}

void SecretMemory::Return(char* block, size_t size) {
  sodium_memzero(block, size);
  const size_t order = OrderOf(size);
  MutexLock lock(mutex_);
  used_ -= kSmallest << order;
  free_[order].insert(static_cast<size_t>(
      reinterpret_cast<unsigned char*>(block) - pages_.begin()));
}

bool SecretMemory::Owns(const char* block) const {
  const auto* begin = reinterpret_cast<const char*>(pages_.begin());
  return block >= begin && block < begin + pages_.size();
}

size_t SecretMemory::used() const {
  MutexLock lock(mutex_);
  return used_;
}

absl::Status LockSecrets(size_t bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<SecretMemory> memory,
                   SecretMemory::Create(bytes));
  // Never given back: a Secret of static storage may outlive everything else.
  process_memory.store(memory.release());
  return absl::OkStatus();
}

SecretMemory* LockedSecrets() { return process_memory.load(); }

uint64_t SecretsOutsideLockedMemory() { return outside.load(); }

char* TakeSecretBlock(size_t size) {
  if (SecretMemory* memory = process_memory.load(); memory != nullptr) {
    if (char* block = memory->Take(size); block != nullptr) return block;
    if (outside.fetch_add(1) == 0) {
      Log(LogLevel::kWarning, "secret_memory.full",
          "locked memory for secrets is full; further ones are in memory that "
          "is wiped but not locked");
    }
  }
  return new char[size]();
}

void ReturnSecretBlock(char* block, size_t size) {
  SecretMemory* memory = process_memory.load();
  if (memory != nullptr && memory->Owns(block)) {
    memory->Return(block, size);
    return;
  }
  sodium_memzero(block, size);
  delete[] block;
}

}  // namespace tokenvault
