#include "crypto/random.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

using ::testing::MatchesRegex;
using ::testing::SizeIs;

TEST(RandomTest, InitialisesMoreThanOnce) {
  EXPECT_TRUE(InitCrypto().ok());
  EXPECT_TRUE(InitCrypto().ok());
}

TEST(RandomTest, GivesTheAskedNumberOfBytes) {
  for (size_t size : {0, 1, 16, 24, 32, 1000}) {
    EXPECT_THAT(RandomBytes(size), SizeIs(size));
  }
}

TEST(RandomTest, DoesNotRepeatTokens) {
  std::set<std::string> tokens;
  for (int i = 0; i < 1000; ++i) tokens.insert(RandomToken());
  EXPECT_THAT(tokens, SizeIs(1000));
}

TEST(RandomTest, WritesATokenAsBase64UrlOf32Bytes) {
  const std::string token = RandomToken();
  EXPECT_THAT(token, SizeIs(43));
  ASSERT_TRUE(Base64UrlDecode(token).has_value());
  EXPECT_THAT(*Base64UrlDecode(token), SizeIs(32));
}

TEST(RandomTest, WritesUlidsInLowerCaseCrockford) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(NewUlid(absl::FromUnixMillis(1'700'000'000'000 + i)),
                MatchesRegex("[0-7][0-9a-hjkmnp-tv-z]{25}"));
  }
}

TEST(RandomTest, EncodesTheMillisecondOfAUlid) {
  // From the specification of ULID: 1469918176385 is 01ARYZ6S41.
  EXPECT_EQ(NewUlid(absl::FromUnixMillis(1469918176385)).substr(0, 10),
            "01aryz6s41");
}

TEST(RandomTest, SortsUlidsByTime) {
  std::string before;
  for (int64_t milli : {0LL, 1LL, 31LL, 32LL, 1LL << 20, 1469918176385LL,
                        1469918176386LL, (1LL << 48) - 1}) {
    const std::string ulid = NewUlid(absl::FromUnixMillis(milli));
    EXPECT_LT(before, ulid) << milli;
    before = ulid;
  }
}

TEST(RandomTest, KeepsUlidsInShapeAtTheEndsOfTime) {
  EXPECT_EQ(NewUlid(absl::InfinitePast()).substr(0, 10), "0000000000");
  EXPECT_EQ(NewUlid(absl::InfiniteFuture()).substr(0, 10), "7zzzzzzzzz");
}

TEST(RandomTest, DoesNotRepeatUlidsOfOneMillisecond) {
  std::set<std::string> ulids;
  for (int i = 0; i < 1000; ++i) ulids.insert(NewUlid(absl::UnixEpoch()));
  EXPECT_THAT(ulids, SizeIs(1000));
}

TEST(RandomTest, WritesUserCodesInConsonants) {
  std::set<char> seen;
  for (int i = 0; i < 500; ++i) {
    const std::string code = NewUserCode();
    EXPECT_THAT(code, MatchesRegex("[BCDFGHJKLMNPQRSTVWXZ]{4}-"
                                   "[BCDFGHJKLMNPQRSTVWXZ]{4}"));
    seen.insert(code.begin(), code.end());
  }
  EXPECT_THAT(seen, SizeIs(21));  // every letter came up, and the dash
}

}  // namespace
}  // namespace tokenvault
