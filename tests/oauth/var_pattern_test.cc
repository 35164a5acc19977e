#include "oauth/var_pattern.h"

#include <gtest/gtest.h>

namespace tokenvault {
namespace {

bool Matches(absl::string_view pattern, absl::string_view value) {
  auto parsed = VarPattern::Parse(pattern);
  EXPECT_TRUE(parsed.has_value()) << pattern;
  return parsed.has_value() && parsed->Matches(value);
}

TEST(VarPatternTest, MatchesTheWholeValueOnly) {
  EXPECT_TRUE(Matches("^abc$", "abc"));
  EXPECT_FALSE(Matches("^abc$", "xabc"));
  EXPECT_FALSE(Matches("^abc$", "abcx"));
  EXPECT_FALSE(Matches("^abc$", "abc\n"));
  EXPECT_FALSE(Matches("^abc$", ""));
}

TEST(VarPatternTest, CountsAsItIsTold) {
  EXPECT_TRUE(Matches("^[a-z][a-z0-9-]{0,3}$", "a"));
  EXPECT_TRUE(Matches("^[a-z][a-z0-9-]{0,3}$", "ab-1"));
  EXPECT_FALSE(Matches("^[a-z][a-z0-9-]{0,3}$", "ab-12"));
  EXPECT_FALSE(Matches("^[a-z][a-z0-9-]{0,3}$", "1b"));
  EXPECT_TRUE(Matches("^a{2}$", "aa"));
  EXPECT_FALSE(Matches("^a{2}$", "a"));
  EXPECT_TRUE(Matches("^ab?c+$", "acc"));
  EXPECT_FALSE(Matches("^ab?c+$", "ab"));
}

TEST(VarPatternTest, GoesBackWhereItTookTooMuch) {
  EXPECT_TRUE(Matches("^[a-z]*ab$", "aaab"));
  EXPECT_TRUE(Matches("^a*a$", "aaa"));
  EXPECT_FALSE(Matches("^[a-z]*ab$", "aaba"));
}

TEST(VarPatternTest, HasAlternatives) {
  for (const char* value : {"com", "eu", "com.au"}) {
    EXPECT_TRUE(Matches("^com|eu|com\\.au$", value)) << value;
  }
  EXPECT_FALSE(Matches("^com|eu|com\\.au$", "comxau"));
}

TEST(VarPatternTest, RefusesWhatItCannotReadFully) {
  for (const char* pattern :
       {"",       "abc",        "^abc",  "abc$",   "^a.b$",    "^(a)$",
        "^a/b$",  "^[a$",       "^[]$",  "^a{$",   "^a{2,1}$", "^a{0}$",
        "^a{x}$", "^a{1,999}$", "^a|$",  "^|a$",   "^[a:]$",   "^[z-a]$",
        "^\\d$",  "^$",         "^a@b$", "^[^a]$", "^a:1$"}) {
    EXPECT_FALSE(VarPattern::Parse(pattern).has_value()) << pattern;
  }
}

}  // namespace
}  // namespace tokenvault
