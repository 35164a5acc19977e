#include "crypto/secret_arena.h"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <set>
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

TEST(SecretArenaTest, RoundsUpToWholePages) {
  EXPECT_EQ(SecretArena::Create(1).value()->capacity(),
            static_cast<size_t>(getpagesize()) / kKeySize);
}

TEST(SecretArenaTest, HoldsWhatWasPutIn) {
  const auto arena = SecretArena::Create(1).value();
  const std::string bytes = "0123456789abcdef0123456789ABCDEF";
  const ArenaKey key = KeyOf(*arena, bytes);
  EXPECT_EQ(key.view(), bytes);
}

TEST(SecretArenaTest, MakesRandomKeysThatDiffer) {
  const auto arena = SecretArena::Create(1).value();
  std::vector<ArenaKey> keys;
  std::set<std::string> seen;
  for (size_t i = 0; i < arena->capacity(); ++i) {
    keys.push_back(ArenaKey::Random(*arena).value());
    seen.insert(std::string(keys.back().view()));
  }
  EXPECT_THAT(seen, SizeIs(arena->capacity()));
}

TEST(SecretArenaTest, SaysSoWhenItIsFull) {
  const auto arena = SecretArena::Create(1).value();
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

TEST(SecretArenaTest, WipesAKeyThatIsDestroyed) {
  const auto arena = SecretArena::Create(1).value();
  const char* where = nullptr;
  {
    const ArenaKey key = KeyOfByte(*arena, 'k');
    where = key.view().data();
  }
  // The page is the arena's still, so it may be looked at.
  EXPECT_EQ(std::string(where, kKeySize), std::string(kKeySize, '\0'));
  EXPECT_EQ(arena->used(), 0u);
}

TEST(SecretArenaTest, WipesAKeyThatIsOverwritten) {
  const auto arena = SecretArena::Create(1).value();
  ArenaKey key = KeyOfByte(*arena, 'a');
  const char* where = key.view().data();
  key = KeyOfByte(*arena, 'b');
  EXPECT_EQ(std::string(where, kKeySize), std::string(kKeySize, '\0'));
  EXPECT_EQ(key.view(), std::string(kKeySize, 'b'));
  EXPECT_EQ(arena->used(), 1u);
}

TEST(SecretArenaTest, MovesAKeyWithoutCopyingIt) {
  const auto arena = SecretArena::Create(1).value();
  ArenaKey key = KeyOfByte(*arena, 'k');
  const char* where = key.view().data();
  const ArenaKey moved = std::move(key);
  EXPECT_EQ(moved.view().data(), where);
  EXPECT_TRUE(key.view().empty());  // NOLINT: what moving leaves is promised
  EXPECT_EQ(arena->used(), 1u);
}

TEST(SecretArenaTest, RefusesAKeyOfAnotherSize) {
  const auto arena = SecretArena::Create(1).value();
  for (size_t size : {0, 31, 33, 64}) {
    EXPECT_EQ(ReasonOf(ArenaKey::From(*arena, Secret::OfSize(size)).status()),
              "INTERNAL")
        << size;
  }
  EXPECT_EQ(arena->used(), 0u);
}

TEST(SecretArenaTest, HandsOutEverySlotOnceToManyThreads) {
  const auto arena = SecretArena::Create(1).value();
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

TEST(SecretArenaDeathTest, EndsTheProcessWhenAKeyWouldOutliveIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        auto arena = SecretArena::Create(1).value();
        const ArenaKey key = KeyOfByte(*arena, 'k');
        arena.reset();
      },
      ::testing::KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace tokenvault
