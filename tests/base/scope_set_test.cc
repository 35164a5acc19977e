#include "base/scope_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/hash/hash.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;

TEST(ScopeSetTest, IsSortedWithoutDuplicatesOrEmptyWords) {
  EXPECT_THAT(ScopeSet({"b", "", "a", "b", ""}).values(),
              ElementsAre("a", "b"));
}

TEST(ScopeSetTest, SplitsAtAnyOfTheDelimiters) {
  EXPECT_THAT(ScopeSet::Parse("b a").values(), ElementsAre("a", "b"));
  EXPECT_THAT(ScopeSet::Parse("  b   a ").values(), ElementsAre("a", "b"));
  EXPECT_THAT(ScopeSet::Parse("repo,user, gist", ", ").values(),
              ElementsAre("gist", "repo", "user"));
  EXPECT_THAT(ScopeSet::Parse("a,b").values(), ElementsAre("a,b"));
  EXPECT_TRUE(ScopeSet::Parse("").empty());
}

TEST(ScopeSetTest, TellsCaseApart) {
  ScopeSet scopes = {"Calendar.Read"};
  EXPECT_TRUE(scopes.Contains("Calendar.Read"));
  EXPECT_FALSE(scopes.Contains("calendar.read"));
  EXPECT_NE(scopes, ScopeSet({"calendar.read"}));
}

TEST(ScopeSetTest, DoesNotTakeAPrefixForAScope) {
  ScopeSet scopes = {"calendar.readonly"};
  EXPECT_FALSE(scopes.Contains("calendar.read"));
  EXPECT_FALSE(ScopeSet({"calendar.read"}).IsSubsetOf(scopes));
}

TEST(ScopeSetTest, KnowsItsSubsets) {
  ScopeSet wide = {"a", "b", "c"};
  EXPECT_TRUE(ScopeSet({"a", "c"}).IsSubsetOf(wide));
  EXPECT_TRUE(wide.IsSubsetOf(wide));
  EXPECT_TRUE(ScopeSet().IsSubsetOf(wide));
  EXPECT_TRUE(ScopeSet().IsSubsetOf(ScopeSet()));
  EXPECT_FALSE(wide.IsSubsetOf(ScopeSet({"a", "c"})));
  EXPECT_FALSE(ScopeSet({"a", "d"}).IsSubsetOf(wide));
}

TEST(ScopeSetTest, CombinesAsSetsDo) {
  ScopeSet left = {"a", "b"};
  ScopeSet right = {"b", "c"};
  EXPECT_EQ(left.Union(right), ScopeSet({"a", "b", "c"}));
  EXPECT_EQ(left.Minus(right), ScopeSet({"a"}));
  EXPECT_EQ(left.Intersection(right), ScopeSet({"b"}));
  EXPECT_EQ(left.Minus(left), ScopeSet());
}

TEST(ScopeSetTest, IsWrittenInOneOrderOnly) {
  EXPECT_EQ(ScopeSet({"b", "a"}).ToString(), "a b");
  EXPECT_EQ(ScopeSet({"b", "a"}).ToString(","), "a,b");
  EXPECT_EQ(ScopeSet().ToString(), "");
}

TEST(ScopeSetTest, HashesEqualSetsAlike) {
  EXPECT_EQ(absl::HashOf(ScopeSet({"b", "a"})),
            absl::HashOf(ScopeSet::Parse("a b a")));
}

}  // namespace
}  // namespace tokenvault
