#include "oauth/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(UrlTest, TakesAUrlApartAndPutsItBack) {
  auto url = ParseUrl("https://Login.Example.com:8443/a/b?c=d%20e");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "login.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b");
  EXPECT_EQ(url->query, "c=d%20e");
  EXPECT_EQ(url->ToString(), "https://login.example.com:8443/a/b?c=d%20e");
}

TEST(UrlTest, LeavesOutThePortThatIsTheSchemesOwn) {
  EXPECT_EQ(ParseUrl("https://example.com:443")->Origin(),
            "https://example.com");
  EXPECT_EQ(ParseUrl("http://[::1]:80/x")->ToString(), "http://[::1]/x");
  EXPECT_EQ(ParseUrl("http://127.0.0.1:81")->ToString(),
            "http://127.0.0.1:81/");
}

TEST(UrlTest, RefusesWhatTwoReadersCouldReadInTwoWays) {
  for (const char* text : {"",
                           "example.com",
                           "//example.com",
                           "ftp://example.com",
                           "HTTPS://example.com",
                           "https:/example.com",
                           "https://",
                           "https:///path",
                           "https://user@example.com",
                           "https://a:b@example.com",
                           "https://example.com\\@evil.example",
                           "https://example.com#x",
                           "https://example.com/ x",
                           "https://example.com/\n",
                           "https://exa mple",
                           "https://example..com",
                           "https://.example.com",
                           "https://example.com.",
                           "https://-a.example",
                           "https://[::1",
                           "https://[::1]x",
                           "https://[example]",
                           "https://[fe80::1%25eth0]",
                           "https://example.com:",
                           "https://example.com:0",
                           "https://example.com:65536",
                           "https://example.com:+1",
                           "https://example.com:8x",
                           "https://2130706433",
                           "https://0x7f000001",
                           "https://127.1",
                           "https://0177.0.0.1",
                           "https://1.2.3.4.5",
                           "https://ex\xc3\xa4mple.com",
                           "https://ex%61mple.com"}) {
    EXPECT_EQ(ReasonOf(ParseUrl(text).status()), "FIELD_INVALID") << text;
  }
}

TEST(UrlTest, QuotesNothingOfAUrlItRefuses) {
  EXPECT_THAT(std::string(ParseUrl("https://s3cr3t@x/").status().message()),
              ::testing::Not(::testing::HasSubstr("s3cr3t")));
}

TEST(UrlTest, EscapesAllButUnreservedCharacters) {
  EXPECT_EQ(FormEncode({{"a b", "1&2=3"}, {"scope", "x+y z"}, {"u", "ä~"}}),
            "a%20b=1%262%3D3&scope=x%2By%20z&u=%C3%A4~");
  EXPECT_EQ(FormEncode({}), "");
}

TEST(UrlTest, ReadsWhatItWrote) {
  const std::string all = [] {
    std::string text;
    for (int c = 0; c < 256; ++c) text += static_cast<char>(c);
    return text;
  }();
  auto fields = ParseQuery(FormEncode({{"a", all}, {"b", ""}}));
  ASSERT_TRUE(fields.ok());
  EXPECT_THAT(*fields, ElementsAre(Pair("a", all), Pair("b", "")));
}

TEST(UrlTest, ReadsPlusAsASpace) {
  EXPECT_THAT(*ParseQuery("a=b+c&d"),
              ElementsAre(Pair("a", "b c"), Pair("d", "")));
}

TEST(UrlTest, RefusesAFieldThatComesTwice) {
  for (const char* query : {"a=1&a=2", "a=1&b=2&%61=3", "a&a"}) {
    EXPECT_EQ(ReasonOf(ParseQuery(query).status()), "FIELD_INVALID") << query;
  }
}

TEST(UrlTest, RefusesBrokenEscapes) {
  for (const char* query : {"a=%", "a=%4", "a=%zz", "%=1", "a=b c", "a=\x01"}) {
    EXPECT_EQ(ReasonOf(ParseQuery(query).status()), "FIELD_INVALID") << query;
  }
}

TEST(UrlTest, AppendsToAQueryThatIsThere) {
  EXPECT_EQ(AppendQuery("https://x/", {{"a", "1"}}), "https://x/?a=1");
  EXPECT_EQ(AppendQuery("https://x/?b=2", {{"a", "1"}}), "https://x/?b=2&a=1");
  EXPECT_EQ(AppendQuery("https://x/?", {{"a", "1"}}), "https://x/?a=1");
  EXPECT_EQ(AppendQuery("https://x/", {}), "https://x/");
}

}  // namespace
}  // namespace tokenvault
