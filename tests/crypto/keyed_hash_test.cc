#include "crypto/keyed_hash.h"

#include <memory>
#include <set>
#include <string>

#include "base/encoding.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

class KeyedHashTest : public ::testing::Test {
 protected:
  ArenaKey RisingKey() {
    std::string bytes;
    for (size_t i = 0; i < kKeySize; ++i) bytes += static_cast<char>(i);
    return KeyOf(*arena_, bytes);
  }

  const std::unique_ptr<SecretArena> arena_ = NewTestArena();
  const KeyedHash hash_{RisingKey()};
};

// Made with Python's hashlib.blake2b(digest_size=32, key, person).
TEST_F(KeyedHashTest, AgreesWithAnotherImplementation) {
  EXPECT_EQ(HexEncode(hash_.Hash("oauth-state", "abc")),
            "05fa9f182d81a12b8d29c60f0967baa3c76e0419983933ba906ae2996218abc5");
  EXPECT_EQ(HexEncode(hash_.Hash("user", {"https://issuer.example", "sub-1"})),
            "7d84b5afe43e5234df01adbaffd5cb2764dd277e30cc03c8b81c071dc2a48eec");
}

TEST_F(KeyedHashTest, HashesOneFieldAsAListOfOne) {
  EXPECT_EQ(hash_.Hash("p", "abc"), hash_.Hash("p", {"abc"}));
}

TEST_F(KeyedHashTest, TellsPurposesKeysAndFieldsApart) {
  const KeyedHash other(KeyOfByte(*arena_, 'k'));
  const std::set<std::string> hashes = {hash_.Hash("p", "abc"),
                                        hash_.Hash("q", "abc"),
                                        other.Hash("p", "abc"),
                                        hash_.Hash("p", ""),
                                        hash_.Hash("p", {}),
                                        hash_.Hash("p", {"ab", "c"}),
                                        hash_.Hash("p", {"a", "bc"}),
                                        hash_.Hash("p", {"abc", ""}),
                                        hash_.Hash("p", {"a", "b", "c"})};
  EXPECT_THAT(hashes, SizeIs(9));
  for (const std::string& hash : hashes) EXPECT_THAT(hash, SizeIs(32));
}

TEST_F(KeyedHashTest, TakesAPurposeOfSixteenCharacters) {
  EXPECT_THAT(hash_.Hash("0123456789abcdef", "abc"), SizeIs(32));
}

TEST_F(KeyedHashTest, EndsTheProcessForALongerPurpose) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(hash_.Hash("0123456789abcdefg", "abc"), "");
}

}  // namespace
}  // namespace tokenvault
