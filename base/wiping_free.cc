// Overwrites memory before it is free, in the programs that this file is linked
// into: the daemon and the command line. It takes the place of the C library's
// own free() and realloc() (its manual: "Replacing malloc"), through which
// everything passes that anybody here lets go of: our strings, JSON's,
// protobuf's and gRPC's buffers, libcurl's, OpenSSL's. So a refresh token that
// went through a request's body, a TLS record or a parser is nowhere once the
// call is over, and no library has to be asked for it by a hook of its own
// (docs/adr/2026-11-28-wipe-in-free.md).
//
// Not with the sanitizers, which have an allocator of their own.

#include <malloc.h>
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

extern "C" {

// glibc's, under the names it keeps for those who replace the others.
void* __libc_malloc(size_t size);  // NOLINT: the name is glibc's
void __libc_free(void* block);     // NOLINT

void free(void* block) noexcept {
  if (block == nullptr) return;
  // As glibc's own does: what comes after a failure may ask why it failed.
  const int before = errno;
  explicit_bzero(block, malloc_usable_size(block));
  __libc_free(block);
  errno = before;
}

// glibc's would move the block and leave the old one as it was.
void* realloc(void* block, size_t size) noexcept {
  if (block == nullptr) return __libc_malloc(size);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  // Room for rounding; but what shrank to less than half gives the rest back.
  const size_t has = malloc_usable_size(block);
  if (size <= has && size > has / 2) return block;
  void* moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, block, std::min(size, has));
  free(block);
  return moved;
}

// glibc's calls its own realloc, not this one.
void* reallocarray(void* block, size_t count, size_t size) noexcept {
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(block, bytes);
}

}  // extern "C"
