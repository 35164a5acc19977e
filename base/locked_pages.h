#pragma once

#include <cstddef>

#include "absl/status/statusor.h"

namespace tokenvault {

// Whole pages of memory for what must not leak: never swapped, never part of a
// core dump, not there in a forked child, with a page that cannot be touched on
// either side. Where the kernel has memfd_secret(2), they are out of the
// kernel's own map as well, and not even root reads them through /proc.
//
// Thread-compatible. Movable; unmapped at the end, without being wiped.
class LockedPages {
 public:
  // Zeroed; `bytes` are rounded up to whole pages. MEMORY_NOT_LOCKED when the
  // system does not let us lock that much.
  static absl::StatusOr<LockedPages> Map(size_t bytes);
  // What Map falls back to on a kernel without memfd_secret(2): anonymous
  // memory and mlock(2). Named so that its tests run on every kernel.
  static absl::StatusOr<LockedPages> MapWithMlock(size_t bytes);

  ~LockedPages();
  LockedPages(LockedPages&& other) noexcept;
  LockedPages& operator=(LockedPages&& other) noexcept;
  LockedPages(const LockedPages&) = delete;
  LockedPages& operator=(const LockedPages&) = delete;

  unsigned char* begin() const { return begin_; }
  size_t size() const { return size_; }
  // Whether the pages are memfd_secret(2)'s.
  bool hidden_from_kernel() const { return hidden_from_kernel_; }

 private:
  LockedPages(unsigned char* begin, size_t size, bool hidden_from_kernel)
      : begin_(begin), size_(size), hidden_from_kernel_(hidden_from_kernel) {}
  static absl::StatusOr<LockedPages> Map(size_t bytes, bool try_secret_pages);
  void Unmap();

  unsigned char* begin_;
  size_t size_;
  bool hidden_from_kernel_;
};

}  // namespace tokenvault
