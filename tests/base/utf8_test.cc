#include "base/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

TEST(Utf8Test, ReadsCharactersOfEveryLength) {
  EXPECT_THAT(DecodeUtf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x91"),
              Optional(ElementsAre(U'a', U'\u00e9', U'\u20ac', U'\U0001f511')));
  EXPECT_THAT(DecodeUtf8(""), Optional(ElementsAre()));
}

TEST(Utf8Test, WritesWhatItReads) {
  for (char32_t character :
       {U'\0', U'\x7f', U'\x80', U'\u07ff', U'\u0800', U'\ud7ff', U'\ue000',
        U'\uffff', U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    AppendUtf8(character, text);
    EXPECT_EQ(Utf8CharacterSize(text), text.size());
    absl::string_view rest = text;
    EXPECT_EQ(TakeCharacter(rest), character);
    EXPECT_EQ(rest, "");
  }
}

TEST(Utf8Test, TakesNothingElseForACharacter) {
  for (absl::string_view bytes : {
           "\x80",              // no lead
           "\xC1\xBF",          // too long a form
           "\xE0\x9F\xBF",      //
           "\xF0\x8F\xBF\xBF",  //
           "\xED\xA0\x80",      // half of a UTF-16 pair
           "\xF4\x90\x80\x80",  // beyond the end
           "\xFF",              //
           "\xE2\x82",          // cut short
           "\xE2\x28\xAC",      // interrupted
       }) {
    EXPECT_EQ(Utf8CharacterSize(bytes), 0u);
    EXPECT_EQ(DecodeUtf8(bytes), std::nullopt);
    absl::string_view rest = bytes;
    EXPECT_EQ(TakeCharacter(rest), std::nullopt);
    EXPECT_EQ(rest, bytes.substr(1));
  }
}

}  // namespace
}  // namespace tokenvault
