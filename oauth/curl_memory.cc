#include "oauth/curl_memory.h"

#include <curl/curl.h>
#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace tokenvault {
namespace {

void* Allocate(size_t size) { return std::malloc(size); }

void* AllocateZeroed(size_t count, size_t size) {
  return std::calloc(count, size);
}

void WipeAndFree(void* block) {
  if (block == nullptr) return;
  explicit_bzero(block, malloc_usable_size(block));
  std::free(block);
}

// realloc() would move the block and leave the old one as it was.
void* Reallocate(void* block, size_t size) {
  if (block == nullptr) return std::malloc(size);
  void* larger = std::malloc(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, std::min(size, malloc_usable_size(block)));
  WipeAndFree(block);
  return larger;
}

char* Duplicate(const char* text) { return strdup(text); }

}  // namespace

void StartCurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, Allocate, WipeAndFree, Reallocate,
                         Duplicate, AllocateZeroed);
  });
}

}  // namespace tokenvault
