#include "crypto/secret_arena.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

// Both kinds of pages keep the same promises.
class SecretArenaTest : public ::testing::TestWithParam<bool> {
 protected:
  static absl::StatusOr<std::unique_ptr<SecretArena>> Create(size_t bytes) {
    return GetParam() ? SecretArena::Create(bytes)
                      : SecretArena::CreateWithMlock(bytes);
  }
  static size_t PageSize() { return static_cast<size_t>(getpagesize()); }

  // What the kernel says of the mapping that `address` lies in: VmFlags of
  // proc(5), such as "lo" locked, "dd" not dumped, "dc" not copied on fork.
  static std::vector<std::string> FlagsOf(const char* address) {
    const uintptr_t wanted = reinterpret_cast<uintptr_t>(address);
    std::ifstream smaps("/proc/self/smaps");
    bool inside = false;
    for (std::string line; std::getline(smaps, line);) {
      unsigned long begin = 0;
      unsigned long end = 0;
      // NOLINTNEXTLINE(cert-err34-c):
      // the kernel writes it, and both are read.
      if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
        inside = begin <= wanted && wanted < end;
      } else if (inside && line.rfind("VmFlags:", 0) == 0) {
        std::istringstream flags(line.substr(8));
        return {std::istream_iterator<std::string>(flags),
                std::istream_iterator<std::string>()};
      }
    }
    return {};
  }
};

INSTANTIATE_TEST_SUITE_P(Pages, SecretArenaTest, ::testing::Bool(),
                         [](const auto& param) {
                           return std::string(param.param ? "Best" : "Mlock");
                         });

TEST_P(SecretArenaTest, RoundsUpToWholePages) {
  for (size_t bytes : {size_t{0}, size_t{1}, PageSize(), PageSize() + 1}) {
    const auto arena = Create(bytes).value();
    const size_t pages = bytes <= PageSize() ? 1 : 2;
    EXPECT_EQ(arena->capacity(), pages * PageSize() / kKeySize) << bytes;
  }
}

TEST_P(SecretArenaTest, HoldsWhatWasPutIn) {
  const auto arena = Create(1).value();
  const std::string bytes = "0123456789abcdef0123456789ABCDEF";
  const ArenaKey key = KeyOf(*arena, bytes);
  EXPECT_EQ(key.view(), bytes);
}

TEST_P(SecretArenaTest, MakesRandomKeysThatDiffer) {
  const auto arena = Create(1).value();
  std::vector<ArenaKey> keys;
  std::set<std::string> seen;
  for (size_t i = 0; i < arena->capacity(); ++i) {
    keys.push_back(ArenaKey::Random(*arena).value());
    seen.insert(std::string(keys.back().view()));
  }
  EXPECT_THAT(seen, SizeIs(arena->capacity()));
}

TEST_P(SecretArenaTest, SaysSoWhenItIsFull) {
  const auto arena = Create(1).value();
  std::vector<ArenaKey> keys;
  for (size_t i = 0; i < arena->capacity(); ++i) {
    keys.push_back(KeyOfByte(*arena, 'k'));
  }
  EXPECT_EQ(ReasonOf(ArenaKey::Random(*arena).status()), "MEMORY_NOT_LOCKED");
  EXPECT_EQ(ReasonOf(ArenaKey::From(*arena, Secret::OfSize(32)).status()),
            "MEMORY_NOT_LOCKED");
  keys.pop_back();
  EXPECT_TRUE(ArenaKey::Random(*arena).ok());
}

TEST_P(SecretArenaTest, WipesAKeyThatIsDestroyed) {
  const auto arena = Create(1).value();
  const char* where = nullptr;
  {
    const ArenaKey key = KeyOfByte(*arena, 'k');
    where = key.view().data();
  }
  // The page is the arena's still, so it may be looked at.
  EXPECT_EQ(std::string(where, kKeySize), std::string(kKeySize, '\0'));
  EXPECT_EQ(arena->used(), 0u);
}

TEST_P(SecretArenaTest, WipesAKeyThatIsOverwritten) {
  const auto arena = Create(1).value();
  ArenaKey key = KeyOfByte(*arena, 'a');
  const char* where = key.view().data();
  key = KeyOfByte(*arena, 'b');
  EXPECT_EQ(std::string(where, kKeySize), std::string(kKeySize, '\0'));
  EXPECT_EQ(key.view(), std::string(kKeySize, 'b'));
  EXPECT_EQ(arena->used(), 1u);
}

TEST_P(SecretArenaTest, MovesAKeyWithoutCopyingIt) {
  const auto arena = Create(1).value();
  ArenaKey key = KeyOfByte(*arena, 'k');
  const char* where = key.view().data();
  const ArenaKey moved = std::move(key);
  EXPECT_EQ(moved.view().data(), where);
  EXPECT_TRUE(key.view().empty());  // NOLINT: what moving leaves is promised
  EXPECT_EQ(arena->used(), 1u);
}

TEST_P(SecretArenaTest, RefusesAKeyOfAnotherSize) {
  const auto arena = Create(1).value();
  for (size_t size : {0, 31, 33, 64}) {
    EXPECT_EQ(ReasonOf(ArenaKey::From(*arena, Secret::OfSize(size)).status()),
              "INTERNAL")
        << size;
  }
  EXPECT_EQ(arena->used(), 0u);
}

TEST_P(SecretArenaTest, HandsOutEverySlotOnceToManyThreads) {
  const auto arena = Create(1).value();
  constexpr int kThreads = 8;
  constexpr int kRounds = 300;
  const size_t share = arena->capacity() / kThreads;
  std::vector<int> wrong(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&arena, &wrong, share, t] {
      const std::string mine(kKeySize, static_cast<char>('a' + t));
      for (int round = 0; round < kRounds; ++round) {
        std::vector<ArenaKey> keys;
        for (size_t i = 0; i < share; ++i) keys.push_back(KeyOf(*arena, mine));
        for (const ArenaKey& key : keys) wrong[t] += key.view() != mine;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
  EXPECT_EQ(arena->used(), 0u);
}

TEST_P(SecretArenaTest, IsLockedAndLeftOutOfCoreDumps) {
  const auto arena = Create(PageSize()).value();
  const ArenaKey key = KeyOfByte(*arena, 'k');
  EXPECT_THAT(FlagsOf(key.view().data()),
              ::testing::IsSupersetOf({"lo", "dd", "dc"}));
}

using SecretArenaDeathTest = SecretArenaTest;

INSTANTIATE_TEST_SUITE_P(Pages, SecretArenaDeathTest, ::testing::Bool(),
                         [](const auto& param) {
                           return std::string(param.param ? "Best" : "Mlock");
                         });

TEST_P(SecretArenaDeathTest, HasAPageBeforeItThatNobodyTouches) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto arena = Create(1).value();
  const ArenaKey first = KeyOfByte(*arena, 'k');  // the lowest slot
  const volatile char* begin = first.view().data();
  EXPECT_DEATH((void)begin[-1], "");
}

TEST_P(SecretArenaDeathTest, HasAPageAfterItThatNobodyTouches) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto arena = Create(1).value();
  const ArenaKey first = KeyOfByte(*arena, 'k');
  const volatile char* begin = first.view().data();
  EXPECT_EQ(begin[PageSize() - 1], 0);
  EXPECT_DEATH((void)begin[PageSize()], "");
}

TEST_P(SecretArenaDeathTest, IsNotThereInAForkedChild) {
  GTEST_FLAG_SET(death_test_style, "fast");  // which forks
  const auto arena = Create(1).value();
  const ArenaKey key = KeyOfByte(*arena, 'k');
  const volatile char* bytes = key.view().data();
  EXPECT_DEATH((void)bytes[0], "");
}

TEST_P(SecretArenaDeathTest, EndsTheProcessWhenAKeyWouldOutliveIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        auto arena = Create(1).value();
        const ArenaKey key = KeyOfByte(*arena, 'k');
        arena.reset();
      },
      ::testing::KilledBySignal(SIGABRT), "");
}

TEST_P(SecretArenaDeathTest, RefusesMemoryThatItMayNotLock) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        // Root may lock what it likes, so stop being root as well.
        const rlimit none = {};
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) _exit(2);
        if (geteuid() == 0 && seteuid(65534) != 0) _exit(3);
        const auto arena = Create(size_t{1} << 20);
        _exit(ReasonOf(arena.status()) == "MEMORY_NOT_LOCKED" ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_P(SecretArenaTest, RefusesASizeThatCannotBeMeant) {
  for (size_t bytes : {(size_t{1} << 30) + 1, ~size_t{0}}) {
    EXPECT_EQ(ReasonOf(Create(bytes).status()), "MEMORY_NOT_LOCKED");
  }
}

}  // namespace
}  // namespace tokenvault
