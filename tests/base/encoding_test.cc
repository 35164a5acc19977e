#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tokenvault {
namespace {

std::string EveryByte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(HexTest, WritesLowerCase) {
  EXPECT_EQ(HexEncode("\x01\xab\xff"), "01abff");
  EXPECT_EQ(HexEncode(""), "");
}

TEST(HexTest, ReadsBackEveryByte) {
  EXPECT_EQ(HexDecode(HexEncode(EveryByte())), EveryByte());
}

TEST(HexTest, ReadsUpperCase) { EXPECT_EQ(HexDecode("AB"), "\xab"); }

TEST(HexTest, RefusesWhatIsNotHex) {
  for (const char* text : {"a", "abc", "0g", "0x", " 1", "1 ", "-1", "+1"}) {
    EXPECT_EQ(HexDecode(text), std::nullopt) << text;
  }
}

// RFC 4648 §10, without the padding.
TEST(Base64UrlTest, AgreesWithTheVectorsOfTheRfc) {
  const std::vector<std::pair<std::string, std::string>> kVectors = {
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(Base64UrlEncode(bytes), text);
    EXPECT_EQ(Base64UrlDecode(text), bytes);
  }
}

TEST(Base64UrlTest, UsesTheAlphabetThatIsSafeInUrls) {
  EXPECT_EQ(Base64UrlEncode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(Base64UrlDecode("-__-"), "\xfb\xff\xfe");
}

TEST(Base64UrlTest, ReadsBackEveryLength) {
  for (size_t length = 0; length <= 256; ++length) {
    std::string bytes = EveryByte().substr(0, length);
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), bytes) << length;
  }
}

// One byte string has exactly one text, so no second spelling of a signature
// or of a link passes.
TEST(Base64UrlTest, RefusesASecondSpelling) {
  for (const char* text :
       {"Zg==", "Zg=", "Zh", "Zm9=", "Zm9", "Z", "Zm8\n", " Zm8", "Zm9v\n",
        "Zm+v", "Zm/v", "Zm9v.", "Zm9vY"}) {
    EXPECT_EQ(Base64UrlDecode(text), std::nullopt) << text;
  }
}

TEST(Base64UrlTest, RefusesBytesOutsideAscii) {
  EXPECT_EQ(Base64UrlDecode(std::string("Zm\0v", 4)), std::nullopt);
  EXPECT_EQ(Base64UrlDecode("Zm\xc3\xa9"), std::nullopt);
}

// RFC 4648 §10, in lower case and without the padding.
TEST(Base32Test, AgreesWithTheVectorsOfTheRfc) {
  EXPECT_EQ(Base32Encode(""), "");
  EXPECT_EQ(Base32Encode("f"), "my");
  EXPECT_EQ(Base32Encode("fo"), "mzxq");
  EXPECT_EQ(Base32Encode("foo"), "mzxw6");
  EXPECT_EQ(Base32Encode("foob"), "mzxw6yq");
  EXPECT_EQ(Base32Encode("fooba"), "mzxw6ytb");
  EXPECT_EQ(Base32Encode("foobar"), "mzxw6ytboi");
}

}  // namespace
}  // namespace tokenvault
