#include "cli/plain_text.h"

#include <gtest/gtest.h>

namespace tokenvault {
namespace {

TEST(PlainText, KeepsWhatPeopleWrite) {
  EXPECT_EQ(SanitizeLine("Änne Łoś 山田 🗓"), "Änne Łoś 山田 🗓");
}

TEST(PlainText, DefusesEscapeSequences) {
  EXPECT_EQ(SanitizeLine("a\x1b[2Jb"), "a\uFFFD[2Jb");
  EXPECT_EQ(SanitizeLine("a\xC2\x9B"
                         "2Jb"),
            "a\uFFFD2Jb");  // C1's CSI
  EXPECT_EQ(SanitizeLine("a\x7F\rb"), "a\uFFFD\uFFFDb");
}

TEST(PlainText, DefusesMarksThatTurnTheTextRound) {
  EXPECT_EQ(SanitizeLine("moc.\u202Elgoog"), "moc.\uFFFDlgoog");
  EXPECT_EQ(SanitizeLine("a\u200Bb\u2066c"), "a\uFFFDb\uFFFDc");
}

TEST(PlainText, ReplacesBrokenUtf8) {
  EXPECT_EQ(SanitizeLine("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(SanitizeLine("a\xC3"), "a\uFFFD");
  EXPECT_EQ(SanitizeLine("\xC0\xAF"), "\uFFFD\uFFFD");  // not shortest
  EXPECT_EQ(SanitizeLine("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // surrogate
}

TEST(PlainText, KeepsLinesOnlyWhereTheyMayBe) {
  EXPECT_EQ(SanitizeLine("a\nb\tc"), "a b c");
  EXPECT_EQ(SanitizeText("a\nb"), "a\nb");
}

TEST(PlainText, KeepsTheValueOfJson) {
  EXPECT_EQ(EscapeJsonForTerminal("{\"a\":\"\u202Ex\xC2\x9B\"}"),
            "{\"a\":\"\\u202ex\\u009b\"}");
  EXPECT_EQ(EscapeJsonForTerminal("\U000E0041"), "\\udb40\\udc41");
}

TEST(PlainText, CountsColumnsByCharacter) {
  EXPECT_EQ(ColumnsOf("Łoś"), 3u);
  EXPECT_EQ(ColumnsOf(""), 0u);
}

}  // namespace
}  // namespace tokenvault
