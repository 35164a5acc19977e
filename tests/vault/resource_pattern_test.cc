#include "vault/resource_pattern.h"

#include <string>

#include "base/errors.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

Fit FitOf(const std::string& pattern, const std::string& resource) {
  auto parsed = ResourcePattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << pattern;
  return parsed.ok() ? parsed->FitOf(resource) : Fit::kNo;
}

TEST(ResourcePatternTest, IsOneResource) {
  EXPECT_EQ(FitOf("https://api.test/a", "https://api.test/a"), Fit::kYes);
  EXPECT_EQ(FitOf("https://api.test/a", "https://api.test/ab"), Fit::kNo);
  EXPECT_EQ(FitOf("https://api.test/a", "https://api.test/a/b"), Fit::kNo);
  EXPECT_EQ(FitOf("https://api.test/a", "https://other.test/a"), Fit::kNo);
  EXPECT_EQ(FitOf("urn:files", "urn:files"), Fit::kYes);
  EXPECT_EQ(FitOf("urn:files", "urn:mail"), Fit::kNo);
}

TEST(ResourcePatternTest, IsAllBelowASegment) {
  EXPECT_EQ(FitOf("https://api.test/a/*", "https://api.test/a/b/c"), Fit::kYes);
  EXPECT_EQ(FitOf("https://api.test/*", "https://api.test/a"), Fit::kYes);
  EXPECT_EQ(FitOf("https://api.test/a/*", "https://api.test/ab"), Fit::kNo);
  EXPECT_EQ(FitOf("https://api.test/*", "https://api.test.evil.test/"),
            Fit::kNo);
}

TEST(ResourcePatternTest, TakesAMissingPathForTheRoot) {
  EXPECT_EQ(FitOf("https://api.test", "https://api.test/"), Fit::kYes);
  EXPECT_EQ(FitOf("https://api.test/", "https://api.test"), Fit::kYes);
}

TEST(ResourcePatternTest, IsNotSureOfWhatCanBeReadInTwoWays) {
  for (const char* resource :
       {"", "https://api.test/a/../b", "https://api.test/a/%2e%2e/b",
        "https://api.test/%61", "https://API.test/a", "https://api.test:443/a",
        "HTTPS://api.test/a", "https://api.test/./a", "https://api.test//a",
        "https://api.test\\a", "https://user@api.test/a", "https://api.test/a/",
        "https://api.test/A", "https://api.test/a?x"}) {
    EXPECT_EQ(FitOf("https://api.test/a", resource), Fit::kUnknown) << resource;
  }
  EXPECT_EQ(FitOf("https://api.test/a/*", "https://api.test/a"), Fit::kUnknown);
  EXPECT_EQ(FitOf("https://api.test/a/*", "https://api.test/a/../b"),
            Fit::kUnknown);
}

TEST(ResourcePatternTest, RefusesWhatIsNoPlainUri) {
  for (const char* text :
       {"", "*", "/*", "api.test", "https://api.test*", "https://api.test/a*",
        "https://*.test/a", "https://*/a", "https:///*", "https://api.test/*/a",
        "https://api.test/a?x=*", "https://api.test/../a", "https://API.test/",
        "https://api.test/%2e", "https:/*", "urn:*", "https://api.test/?x/*"}) {
    EXPECT_EQ(ReasonOf(ResourcePattern::Parse(text).status()), "FIELD_INVALID")
        << text;
  }
}

}  // namespace
}  // namespace tokenvault
