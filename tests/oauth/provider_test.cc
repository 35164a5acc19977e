#include "oauth/provider.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

Provider Calendar() {
  Provider provider;
  provider.id = ProviderId("cal");
  provider.scopes = {
      {"calendar.read", "https://cal.example/read", "see", ScopeRisk::kLow},
      {"calendar.write", "https://cal.example/write", "change",
       ScopeRisk::kHigh}};
  return provider;
}

TEST(ProviderTest, ResolvesAliasesAndValues) {
  EXPECT_EQ(
      *Calendar().ResolveScopes({"calendar.read", "https://cal.example/write"}),
      (ScopeSet{"https://cal.example/read", "https://cal.example/write"}));
  EXPECT_TRUE(Calendar().ResolveScopes({})->empty());
}

TEST(ProviderTest, NamesTheNearestScopeForAnUnknownOne) {
  absl::Status status = Calendar().ResolveScopes({"calender.read"}).status();
  EXPECT_EQ(ReasonOf(status), "SCOPE_UNKNOWN");
  EXPECT_EQ(MetadataOf(status, "nearest"), "calendar.read");
}

TEST(ProviderTest, ComparesScopesByteByByte) {
  EXPECT_EQ(ReasonOf(Calendar().ResolveScopes({"Calendar.Read"}).status()),
            "SCOPE_UNKNOWN");
}

TEST(ProviderTest, RefusesWordsThatAreNoScope) {
  Provider open = Calendar();
  open.open_scopes = true;
  for (const std::string& word :
       {std::string("a b"), std::string("a\"b"), std::string("a\\b"),
        std::string("a\n"), std::string("a\0b", 3), std::string("\xc3\xa4"),
        std::string(513, 'a')}) {
    EXPECT_EQ(ReasonOf(open.ResolveScopes({word}).status()), "FIELD_INVALID");
  }
}

TEST(ProviderTest, TakesAnyWellFormedScopeWhereScopesAreOpen) {
  Provider open;
  open.open_scopes = true;
  EXPECT_EQ(*open.ResolveScopes({"any:thing/x"}), (ScopeSet{"any:thing/x"}));
}

TEST(ProviderTest, RefusesADelimiterInsideAScope) {
  Provider open;
  open.open_scopes = true;
  open.scope_delimiter = ",";
  EXPECT_EQ(ReasonOf(open.ResolveScopes({"a,admin"}).status()),
            "FIELD_INVALID");
}

TEST(ProviderTest, FindsAScopeByEitherName) {
  const Provider provider = Calendar();
  EXPECT_EQ(provider.FindScope("calendar.read")->says, "see");
  EXPECT_EQ(provider.FindScope("https://cal.example/read")->says, "see");
  EXPECT_EQ(provider.FindScope("x"), nullptr);
}

TEST(ProviderTest, RefreshesAtTheTokenUrlUnlessToldOtherwise) {
  Provider provider;
  provider.token_url = "https://a/token";
  EXPECT_EQ(provider.RefreshUrl(), "https://a/token");
  provider.refresh_url = "https://a/refresh";
  EXPECT_EQ(provider.RefreshUrl(), "https://a/refresh");
}

}  // namespace
}  // namespace tokenvault
