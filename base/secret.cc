#include "base/secret.h"

#include <sodium.h>

#include <cstring>
#include <utility>

#include "base/secret_memory.h"

namespace tokenvault {

Secret::Secret(std::string&& bytes) {
  *this = Copy(bytes);
  WipeString(bytes);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret Secret::Copy(absl::string_view bytes) {
  Secret copy = OfSize(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

Secret Secret::OfSize(size_t size) {
  Secret secret;
  if (size > 0) {
    secret.data_ = TakeSecretBlock(size);
    secret.size_ = size;
  }
  return secret;
}

void Secret::MoveToHeap() {
  if (data_ == nullptr) return;
  char* block = new char[size_];
  std::memcpy(block, data_, size_);
  ReturnSecretBlock(data_, size_);
  data_ = block;
}

bool Secret::Equals(const Secret& other) const {
  if (size_ != other.size_) return false;
  return size_ == 0 || sodium_memcmp(data_, other.data_, size_) == 0;
}

void Secret::Wipe() {
  if (data_ == nullptr) return;
  ReturnSecretBlock(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

void WipeString(std::string& text) {
  // Up to capacity: an earlier, longer value may still be behind the end.
  text.resize(text.capacity());
  if (!text.empty()) sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace tokenvault
