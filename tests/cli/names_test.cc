#include "cli/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

using testing::ElementsAre;

TEST(Names, TakeBothForms) {
  EXPECT_EQ(ResourceName("providers", "google"), "providers/google");
  EXPECT_EQ(ResourceName("providers", "providers/google"), "providers/google");
  EXPECT_EQ(ShortName("providers/google"), "google");
  EXPECT_EQ(ShortName("google"), "google");
}

TEST(Names, KnowAConnection) {
  EXPECT_TRUE(IsConnectionName("users/u-4k3v/connections/01jd9"));
  EXPECT_FALSE(IsConnectionName("users/-/connections/01jd9"));
  EXPECT_FALSE(IsConnectionName("01jd9"));
  EXPECT_FALSE(IsConnectionName("users/u/connections/"));
}

TEST(Names, SplitScopesAtCommasAndBlanks) {
  EXPECT_THAT(SplitScopes("a, b,,c"), ElementsAre("a", "b", "c"));
}

TEST(ListFilter, AsksForAllByDefault) {
  auto list = ToListParent({});
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->parent, "users/-");
  EXPECT_EQ(list->filter, "");
}

TEST(ListFilter, TellsAPersonOfOursFromOneOfTheirs) {
  EXPECT_EQ(ToListParent({"users/u-4k3v", "", ""})->parent, "users/u-4k3v");
  auto theirs = ToListParent({"ana", "", ""});
  EXPECT_EQ(theirs->parent, "users/-");
  EXPECT_EQ(theirs->filter, "user_id = \"ana\"");
}

TEST(ListFilter, JoinsConditions) {
  EXPECT_EQ(ToListParent({"ana", "google", "needs_reconnect"})->filter,
            "user_id = \"ana\" AND provider = \"providers/google\" AND state = "
            "NEEDS_RECONNECT");
}

TEST(ListFilter, RefusesWhatWouldBreakOut) {
  EXPECT_TRUE(
      HasReason(ToListParent({"a\" OR x", "", ""}).status(), "FIELD_INVALID"));
  EXPECT_TRUE(
      HasReason(ToListParent({"", "a\nb", ""}).status(), "FIELD_INVALID"));
  EXPECT_TRUE(
      HasReason(ToListParent({"", "", "broken"}).status(), "FIELD_INVALID"));
}

}  // namespace
}  // namespace tokenvault
