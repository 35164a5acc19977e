#include "server/page_text.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

TEST(PlainTextTest, LeavesOrdinaryWordsOfAnyLanguageAlone) {
  for (const char* text :
       {"Plan the offsite", "Überprüfung für Zoë", "予定を見る", "تقويم",
        "😀 ok", "a < b & c > \"d\"", ""}) {
    EXPECT_EQ(PlainText(text), text);
  }
}

TEST(PlainTextTest, StripsWhatTurnsOrHidesText) {
  for (const char* mark :
       {"\u202A", "\u202B", "\u202C", "\u202D",     "\u202E",
        "\u2066", "\u2067", "\u2068", "\u2069",     "\u200E",
        "\u200F", "\u061C", "\u200B", "\u200C",     "\u200D",
        "\u2060", "\uFEFF", "\u00AD", "\U000E0041", "\uFE0F"}) {
    EXPECT_EQ(PlainText(absl::StrCat("a", mark, "b")), "ab");
  }
}

TEST(PlainTextTest, StripsControlCharacters) {
  for (int c = 0; c < 0x20; ++c) {
    if (c >= 0x09 && c <= 0x0D) continue;
    std::string text = {'a', static_cast<char>(c), 'b'};
    EXPECT_EQ(PlainText(text), "ab") << c;
  }
  EXPECT_EQ(PlainText("a\x7F"
                      "b"),
            "ab");
  EXPECT_EQ(PlainText("a\u009Bb"), "ab");
}

TEST(PlainTextTest, KeepsToOneLine) {
  EXPECT_EQ(PlainText("  one\r\n\ttwo\u2028three\u00A0 four \n"),
            "one two three four");
}

TEST(PlainTextTest, CutsAtTheLimitBetweenCharacters) {
  EXPECT_EQ(PlainText(std::string(200, 'x')), std::string(200, 'x'));
  EXPECT_EQ(PlainText(std::string(201, 'x')),
            absl::StrCat(std::string(200, 'x'), "…"));
  EXPECT_EQ(PlainText("äöüß", 3), "äöü…");
  EXPECT_EQ(PlainText("ab cd", 3), "ab…");
}

TEST(PlainTextTest, ReplacesWhatIsNotUtf8) {
  const std::string replaced = "a\uFFFDb";
  EXPECT_EQ(PlainText("a\xFF"
                      "b"),
            replaced);
  EXPECT_EQ(PlainText("a\x80"
                      "b"),
            replaced);
  // A cut sequence; a long form of "/"; half a pair; beyond the end.
  EXPECT_EQ(PlainText("\xE2\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(PlainText("\xC0\xAF"), "\uFFFD\uFFFD");
  EXPECT_EQ(PlainText("\xE0\x80\xAF"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(PlainText("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(PlainText("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST(PlainNameTest, FencesOffNamesThatMayRunTheOtherWay) {
  EXPECT_EQ(PlainName("Calendar Bot"), "Calendar Bot");
  EXPECT_EQ(PlainName("תקווה"), "\u2068תקווה\u2069");
  // It cannot climb over the fence.
  EXPECT_EQ(PlainName("תק\u2069\u202Eווה"), "\u2068תקווה\u2069");
  EXPECT_EQ(PlainName(std::string(100, 'x')),
            absl::StrCat("\u2068", std::string(80, 'x'), "…\u2069"));
}

TEST(LowerFirstTest, LowersOneCapitalOnly) {
  EXPECT_EQ(LowerFirst("See events"), "see events");
  EXPECT_EQ(LowerFirst("IMAP access"), "IMAP access");
  EXPECT_EQ(LowerFirst(""), "");
  EXPECT_EQ(LowerFirst("Ärger"), "Ärger");
}

TEST(IsSafeLinkTest, AllowsHttpsOurPathsAndADemoOnLoopback) {
  for (const char* url :
       {"/me", "/", "/c/1?x=y#z", "https://accounts.google.com/o?a=b",
        "https://a.example", "https://a.example:8443/",
        "http://127.0.0.1:9000/", "http://localhost:80/x", "http://[::1]:9/",
        "http://localhost"}) {
    EXPECT_TRUE(IsSafeLink(url)) << url;
  }
}

TEST(IsSafeLinkTest, RefusesTheRest) {
  for (const char* url : {"",
                          "//evil.example",
                          "/\\evil.example",
                          "\\\\evil",
                          "me",
                          "javascript:alert(1)",
                          "JavaScript:alert(1)",
                          " javascript:alert(1)",
                          "java\nscript:alert(1)",
                          "data:text/html,x",
                          "vbscript:x",
                          "file:///x",
                          "http://evil.example/",
                          "http://127.0.0.1.evil.example/",
                          "http://localhost:80@evil.example/",
                          "http://localhost:/",
                          "http://localhost:99999/",
                          "https://",
                          "https:///x",
                          "https://user@evil.example/",
                          "https://good.example\\@evil.example/",
                          "https://a.example/\x01",
                          "https://a.example/ b",
                          "https://a.example/\xC3\xA9",
                          "HTTPS://a.example/",
                          "mailto:a@b"}) {
    EXPECT_FALSE(IsSafeLink(url)) << url;
  }
}

}  // namespace
}  // namespace tokenvault
