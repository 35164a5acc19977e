// Linked with base/wiping_free.cc, as the daemon is: what was freed is looked
// at through the kernel, since the language has no word for it.
#include <curl/curl.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

constexpr size_t kSize = 4000;

void Fill(void* block, size_t size = kSize) { std::memset(block, 'S', size); }

// How many bytes are still what Fill() wrote, in words that are wholly so: the
// allocator keeps addresses of its own in a free block, and one byte in 256 of
// those is an 'S'. 0 as well when the memory was given back to the system. It
// takes no memory itself, which could be the very block that it is to look at.
size_t Left(uintptr_t address, size_t size = kSize) {
  constexpr uint64_t kFilled = 0x5353535353535353;
  static uint64_t words[(size_t{4} << 20) / sizeof(uint64_t)];
  EXPECT_LE(size, sizeof words);
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(memory, 0);
  const ssize_t got = pread(memory, words, size, static_cast<off_t>(address));
  close(memory);
  const size_t whole = std::max<ssize_t>(got, 0) / sizeof(uint64_t);
  return sizeof(uint64_t) *
         static_cast<size_t>(std::count(words, words + whole, kFilled));
}

// Volatile, so that the compiler does not take the number for the pointer,
// which may not be looked at once it is freed.
uintptr_t At(const void* block) {
  const volatile uintptr_t address = reinterpret_cast<uintptr_t>(block);
  return address;
}

TEST(WipingFreeTest, SeesWhatIsThere) {
  auto block = std::make_unique<char[]>(kSize);
  Fill(block.get());
  EXPECT_EQ(Left(At(block.get())), kSize);
}

TEST(WipingFreeTest, WipesWhatCFrees) {
  void* block = std::malloc(kSize);
  const uintptr_t where = At(block);
  Fill(block);
  std::free(block);
  EXPECT_EQ(Left(where), 0u);
}

TEST(WipingFreeTest, WipesBeyondWhatWasAskedFor) {
  void* block = std::malloc(kSize);
  const uintptr_t where = At(block);
  const size_t usable = malloc_usable_size(block);
  ASSERT_GT(usable, kSize);
  Fill(block, usable);
  std::free(block);
  EXPECT_EQ(Left(where, usable), 0u);
}

// The cache of the thread, the bins that all share, and a mapping of its own.
TEST(WipingFreeTest, WipesEverySize) {
  for (size_t size = 24; size < size_t{4} << 20; size *= 2) {
    void* block = std::malloc(size);
    const uintptr_t where = At(block);
    Fill(block, size);
    std::free(block);
    EXPECT_EQ(Left(where, size), 0u) << size;
  }
}

TEST(WipingFreeTest, WipesWhatIsDeleted) {
  struct alignas(128) Aligned {
    char bytes[kSize + 96];
  };
  auto* one = new std::string(kSize, 'S');
  auto* many = new char[kSize];
  auto* aligned = new Aligned;
  Fill(many);
  Fill(aligned->bytes);
  const uintptr_t places[] = {At(one->data()), At(many), At(aligned->bytes)};
  delete one;
  delete[] many;
  delete aligned;
  for (uintptr_t place : places) EXPECT_EQ(Left(place), 0u);
}

TEST(WipingFreeTest, WipesWhatAStringLeavesBehindWhenItGrows) {
  std::string text(kSize, 'S');
  const uintptr_t where = At(text.data());
  text.append(text.capacity(), 'x');
  ASSERT_NE(At(text.data()), where);
  EXPECT_EQ(Left(where), 0u);
}

TEST(WipingFreeTest, WipesWhatReallocLeavesBehind) {
  void* block = std::malloc(kSize);
  const uintptr_t where = At(block);
  Fill(block);
  void* moved = std::realloc(block, kSize * 100);
  ASSERT_NE(At(moved), where);
  EXPECT_EQ(Left(where), 0u);
  EXPECT_EQ(Left(At(moved)), kSize);
  std::free(moved);
}

TEST(WipingFreeTest, WipesWhatReallocarrayLeavesBehind) {
  void* block = std::malloc(kSize);
  const uintptr_t where = At(block);
  Fill(block);
  void* moved = reallocarray(block, 100, kSize);
  ASSERT_NE(At(moved), where);
  EXPECT_EQ(Left(where), 0u);
  std::free(moved);
}

TEST(WipingFreeTest, RefusesAnArrayThatCannotBe) {
  volatile size_t half = ~size_t{0} / 2;
  errno = 0;
  EXPECT_EQ(reallocarray(nullptr, half, 3), nullptr);
  EXPECT_EQ(errno, ENOMEM);
}

TEST(WipingFreeTest, ReallocKeepsWhatItMay) {
  void* block = std::malloc(kSize);
  const uintptr_t where = At(block);
  Fill(block);
  void* same = std::realloc(block, kSize - 8);
  EXPECT_EQ(At(same), where);
  void* shorter = std::realloc(same, 64);
  EXPECT_EQ(Left(At(shorter), 64), 64u);
  EXPECT_EQ(std::realloc(shorter, 0), nullptr);
  void* fresh = std::realloc(nullptr, 64);
  EXPECT_NE(fresh, nullptr);
  std::free(fresh);
}

TEST(WipingFreeTest, LeavesErrnoAlone) {
  void* block = std::malloc(kSize);
  errno = EAGAIN;
  std::free(block);
  EXPECT_EQ(errno, EAGAIN);
}

// The C library itself: getline() grows its line by realloc().
TEST(WipingFreeTest, WipesWhatTheCLibraryLeavesBehind) {
  FILE* file = tmpfile();
  ASSERT_NE(file, nullptr);
  const std::string line(kSize, 'S');
  std::fputs((line + line + "\n").c_str(), file);
  ASSERT_EQ(std::fseek(file, 0, SEEK_SET), 0);
  size_t size = kSize / 2;
  char* text = static_cast<char*>(std::malloc(size));
  const uintptr_t where = At(text);
  EXPECT_GT(getline(&text, &size, file), static_cast<ssize_t>(kSize));
  ASSERT_NE(At(text), where);
  EXPECT_EQ(Left(where, kSize / 2), 0u);
  std::free(text);
  std::fclose(file);
}

// The libraries that a secret goes through free by the same door.
TEST(WipingFreeTest, WipesWhatOpenSslFrees) {
  void* block = OPENSSL_malloc(kSize);
  const uintptr_t where = At(block);
  Fill(block);
  OPENSSL_free(block);
  EXPECT_EQ(Left(where), 0u);
}

TEST(WipingFreeTest, WipesWhatCurlFrees) {
  const std::string secret(kSize, 'S');
  curl_slist* list = curl_slist_append(nullptr, secret.c_str());
  const uintptr_t where = At(list->data);
  ASSERT_EQ(Left(where), kSize);
  curl_slist_free_all(list);
  EXPECT_EQ(Left(where), 0u);
}

TEST(WipingFreeTest, WipesWhatAJsonTreeHeld) {
  auto tree = std::make_unique<nlohmann::json>();
  (*tree)["refresh_token"] = std::string(kSize, 'S');
  const uintptr_t where =
      At((*tree)["refresh_token"].get_ref<std::string&>().data());
  ASSERT_EQ(Left(where), kSize);
  tree.reset();
  EXPECT_EQ(Left(where), 0u);
}

}  // namespace
