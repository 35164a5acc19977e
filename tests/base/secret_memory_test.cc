#include "base/secret_memory.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

constexpr size_t kLargest = SecretMemory::kLargest;
constexpr size_t kSmallest = SecretMemory::kSmallest;

bool IsZero(const char* block, size_t size) {
  return std::all_of(block, block + size, [](char c) { return c == 0; });
}

TEST(SecretMemoryTest, HandsOutZeros) {
  const auto memory = SecretMemory::Create(1).value();
  for (size_t size : {size_t{1}, kSmallest, kSmallest + 1, size_t{5000}}) {
    char* block = memory->Take(size);
    ASSERT_NE(block, nullptr) << size;
    EXPECT_TRUE(memory->Owns(block));
    EXPECT_TRUE(IsZero(block, size)) << size;
  }
}

TEST(SecretMemoryTest, RoundsUpToWholeLargestBlocks) {
  EXPECT_EQ(SecretMemory::Create(1).value()->capacity(), kLargest);
  EXPECT_EQ(SecretMemory::Create(kLargest + 1).value()->capacity(),
            2 * kLargest);
}

TEST(SecretMemoryTest, WipesWhatIsReturned) {
  const auto memory = SecretMemory::Create(1).value();
  char* block = memory->Take(100);
  std::memset(block, 'k', 100);
  memory->Return(block, 100);
  // The page is there still, so it may be looked at.
  EXPECT_TRUE(IsZero(block, 100));
  EXPECT_EQ(memory->used(), 0u);
}

TEST(SecretMemoryTest, SaysWhenItIsFull) {
  const auto memory = SecretMemory::Create(1).value();
  std::vector<char*> blocks;
  for (size_t i = 0; i < kLargest / kSmallest; ++i) {
    blocks.push_back(memory->Take(kSmallest));
    ASSERT_NE(blocks.back(), nullptr);
  }
  EXPECT_EQ(memory->used(), memory->capacity());
  EXPECT_EQ(memory->Take(1), nullptr);
  memory->Return(blocks.back(), kSmallest);
  EXPECT_EQ(memory->Take(1), blocks.back());
}

TEST(SecretMemoryTest, HasNoBlockLargerThanTheLargest) {
  const auto memory = SecretMemory::Create(2 * kLargest).value();
  EXPECT_NE(memory->Take(kLargest), nullptr);
  EXPECT_EQ(memory->Take(kLargest + 1), nullptr);
}

TEST(SecretMemoryTest, JoinsWhatWasHalved) {
  const auto memory = SecretMemory::Create(1).value();
  std::vector<char*> blocks;
  while (char* block = memory->Take(1000)) blocks.push_back(block);
  // In no order, as people come and go.
  std::mt19937 random(7);  // NOLINT: the same in every run
  std::shuffle(blocks.begin(), blocks.end(), random);
  for (char* block : blocks) memory->Return(block, 1000);
  EXPECT_NE(memory->Take(kLargest), nullptr);
}

TEST(SecretMemoryTest, GivesEveryBlockToOneThreadOnly) {
  const auto memory = SecretMemory::Create(size_t{1} << 20).value();
  constexpr int kThreads = 8;
  std::vector<int> wrong(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&memory, &wrong, t] {
      const char mine = static_cast<char>('a' + t);
      for (size_t round = 0; round < 300; ++round) {
        std::vector<std::pair<char*, size_t>> blocks;
        for (size_t i = 0; i < 20; ++i) {
          const size_t size = 1 + (round * 37 + i * 101) % 3000;
          char* block = memory->Take(size);
          wrong[t] += block == nullptr || !IsZero(block, size);
          if (block == nullptr) continue;
          std::memset(block, mine, size);
          blocks.emplace_back(block, size);
        }
        for (const auto& [block, size] : blocks) {
          wrong[t] += !std::all_of(block, block + size,
                                   [mine](char c) { return c == mine; });
          memory->Return(block, size);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ::testing::Each(0));
  EXPECT_EQ(memory->used(), 0u);
}

// What a process sets aside, it keeps: so each of these has one of its own.
using LockSecretsDeathTest = ::testing::Test;

TEST(LockSecretsDeathTest, PutsSecretsIntoLockedMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!LockSecrets(1).ok()) _exit(2);
        const Secret token = Secret::Copy("a refresh token");
        _exit(LockedSecrets()->Owns(token.Reveal().data()) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(LockSecretsDeathTest, TakesASecretThatIsOlder) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Secret older = Secret::Copy("from before");
        if (!LockSecrets(1).ok()) _exit(2);
        older = Secret::Copy("and after");
        _exit(older.Reveal() == "and after" ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(LockSecretsDeathTest, LetsASecretLeave) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!LockSecrets(1).ok()) _exit(2);
        Secret token = Secret::Copy("an access token");
        token.MoveToHeap();
        if (LockedSecrets()->Owns(token.Reveal().data())) _exit(3);
        if (LockedSecrets()->used() != 0) _exit(4);
        _exit(token.Reveal() == "an access token" ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(LockSecretsDeathTest, CountsAndLogsWhatFindsNoRoom) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        if (!LockSecrets(1).ok()) _exit(2);
        const Secret all = Secret::OfSize(kLargest);
        if (SecretsOutsideLockedMemory() != 0) _exit(3);
        const Secret one = Secret::Copy("one more");
        const Secret two = Secret::Copy("and another");
        if (SecretsOutsideLockedMemory() != 2) _exit(4);
        _exit(two.Reveal() == "and another" ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "\"event\":\"secret_memory.full\"");
}

}  // namespace
}  // namespace tokenvault
