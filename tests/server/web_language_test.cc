#include "server/web_language.h"

#include "gtest/gtest.h"

namespace tokenvault {
namespace {

std::string Chosen(const LanguageWishes& wishes, bool dev_mode = false) {
  return ChooseLanguage(wishes, dev_mode).locale();
}

TEST(WebLanguageTest, TakesTheFirstOneNamedThatThereIs) {
  EXPECT_EQ(Chosen({"xx ar-XB en", "", ""}), "ar-XB");
  EXPECT_EQ(Chosen({"en-GB ar-xb", "", ""}), "en");
  EXPECT_EQ(Chosen({"xx", "", ""}), "en");
}

TEST(WebLanguageTest, RemembersWhatWasNamedBefore) {
  EXPECT_EQ(Chosen({"", "ar-XB", "en"}), "ar-XB");
  EXPECT_EQ(Chosen({"en", "ar-XB", ""}), "en");
  EXPECT_EQ(Chosen({"", "../etc", ""}), "en");
}

TEST(WebLanguageTest, ReadsWhatTheBrowserAcceptsByItsWish) {
  EXPECT_EQ(Chosen({"", "", "en;q=0.5, ar-XB;q=0.9"}, true), "ar-XB");
  EXPECT_EQ(Chosen({"", "", "ar-XB;q=0.5, en-US"}, true), "en");
  EXPECT_EQ(Chosen({"", "", "ar-XB;q=0, de"}, true), "en");
  EXPECT_EQ(Chosen({"", "", ";;q=x,,en;q=nan"}, true), "en");
  // Arabic is no mirror of English.
  EXPECT_EQ(Chosen({"", "", "ar"}, true), "en");
}

TEST(WebLanguageTest, OffersTheMirrorToNobodyOutsideDevMode) {
  EXPECT_EQ(Chosen({"", "", "ar-XB"}), "en");
  EXPECT_EQ(Chosen({"", "", "ar-XB"}, true), "ar-XB");
}

}  // namespace
}  // namespace tokenvault
