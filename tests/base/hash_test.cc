#include "base/hash.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace tokenvault {
namespace {

// FIPS 180-4 examples.
TEST(Sha256Test, AgreesWithTheStandardsExamples) {
  EXPECT_EQ(HexEncode(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(EqualInConstantTimeTest, ComparesEveryByte) {
  const std::string kValue(64, 'v');
  EXPECT_TRUE(EqualInConstantTime(kValue, std::string(64, 'v')));
  for (size_t i = 0; i < kValue.size(); ++i) {
    std::string other = kValue;
    other[i] = 'w';
    EXPECT_FALSE(EqualInConstantTime(kValue, other)) << i;
  }
}

TEST(EqualInConstantTimeTest, TellsLengthsApart) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_FALSE(EqualInConstantTime("", "a"));
  EXPECT_FALSE(EqualInConstantTime("abc", "ab"));
  EXPECT_FALSE(EqualInConstantTime("ab", std::string("ab\0", 3)));
}

}  // namespace
}  // namespace tokenvault
