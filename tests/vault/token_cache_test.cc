#include "vault/token_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tokenvault {
namespace {

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(1);

TokenKey Key(std::string connection, ScopeSet scopes = {"r"}) {
  return {TenantId("t"), ConnectionId(std::move(connection)), std::move(scopes),
          ""};
}

std::shared_ptr<const AccessToken> Token(absl::Duration life) {
  auto token = std::make_shared<AccessToken>();
  token->expire_time = kNow + life;
  token->lifetime = life;
  return token;
}

TEST(TokenCacheTest, FindsWhatWasPut) {
  TokenCache cache(10);
  auto token = Token(absl::Minutes(5));
  cache.Put(Key("c"), token, cache.ValidityOf(ConnectionId("c")), kNow);
  EXPECT_EQ(cache.Find(Key("c"), kNow), token);
  EXPECT_EQ(cache.Find(Key("c", {"r", "w"}), kNow), nullptr);
  EXPECT_EQ(cache.Find(Key("d"), kNow), nullptr);
}

TEST(TokenCacheTest, ForgetsAnExpiredToken) {
  TokenCache cache(10);
  cache.Put(Key("c"), Token(absl::Minutes(5)),
            cache.ValidityOf(ConnectionId("c")), kNow);
  EXPECT_EQ(cache.Find(Key("c"), kNow + absl::Minutes(5)), nullptr);
}

TEST(TokenCacheTest, ForgetsEveryTokenOfAnInvalidatedConnection) {
  TokenCache cache(10);
  for (const char* id : {"c", "d"}) {
    cache.Put(Key(id), Token(absl::Minutes(5)),
              cache.ValidityOf(ConnectionId(id)), kNow);
    cache.Put(Key(id, {"w"}), Token(absl::Minutes(5)),
              cache.ValidityOf(ConnectionId(id)), kNow);
  }
  cache.Invalidate(ConnectionId("c"));
  EXPECT_EQ(cache.Find(Key("c"), kNow), nullptr);
  EXPECT_EQ(cache.Find(Key("c", {"w"}), kNow), nullptr);
  EXPECT_NE(cache.Find(Key("d"), kNow), nullptr);
}

TEST(TokenCacheTest, DropsATokenFetchedBeforeAnInvalidation) {
  TokenCache cache(10);
  Validity validity = cache.ValidityOf(ConnectionId("c"));
  cache.Invalidate(ConnectionId("c"));
  cache.Put(Key("c"), Token(absl::Minutes(5)), validity, kNow);
  EXPECT_EQ(cache.Find(Key("c"), kNow), nullptr);
}

TEST(TokenCacheTest, TellsEveryHolderOfAnInvalidation) {
  TokenCache cache(10);
  Validity early = cache.ValidityOf(ConnectionId("c"));
  cache.Invalidate(ConnectionId("c"));
  Validity late = cache.ValidityOf(ConnectionId("c"));
  EXPECT_FALSE(early->load());
  EXPECT_TRUE(late->load());
}

TEST(TokenCacheTest, StaysWithinItsBound) {
  TokenCache cache(4);
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    std::string id = "c" + std::to_string(i);
    cache.Put(Key(id), Token(absl::Minutes(5)),
              cache.ValidityOf(ConnectionId(id)), kNow);
  }
  for (int i = 0; i < 100; ++i) {
    found += cache.Find(Key("c" + std::to_string(i)), kNow) != nullptr;
  }
  EXPECT_LE(found, 4);
  EXPECT_GE(found, 1);
}

TEST(TokenCacheTest, NeverServesAfterInvalidateReturned) {
  TokenCache cache(1000);
  std::atomic<bool> invalidated{false};
  std::atomic<bool> stop{false};
  std::atomic<int> late{0};
  Validity validity = cache.ValidityOf(ConnectionId("c"));
  cache.Put(Key("c"), Token(absl::Minutes(5)), validity, kNow);
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        bool was = invalidated;
        if (cache.Find(Key("c"), kNow) != nullptr && was) ++late;
      }
    });
  }
  readers.emplace_back([&] {
    for (int i = 0; i < 2000; ++i) {
      cache.Put(Key("c"), Token(absl::Minutes(5)), validity, kNow);
    }
  });
  cache.Invalidate(ConnectionId("c"));
  invalidated = true;
  readers.back().join();
  readers.pop_back();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(late, 0);
}

}  // namespace
}  // namespace tokenvault
