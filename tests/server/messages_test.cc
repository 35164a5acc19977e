#include "server/messages.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

absl::StatusOr<Messages> ReadWords(const std::string& rest) {
  return Messages::Read(
      "xx", absl::StrCat("[language]\ndirection = \"ltr\"\n", rest));
}

// The text of our files below server/ that end like this, without tests.
std::string SourceOf(const std::set<std::string>& endings) {
  std::stringstream text;
  for (const auto& entry : fs::recursive_directory_iterator(
           fs::path(TOKENVAULT_SOURCE_DIR) / "server")) {
    if (endings.count(entry.path().extension().string()) == 0) continue;
    text << std::ifstream(entry.path()).rdbuf();
  }
  return text.str();
}

std::set<std::string> FindAll(const std::string& text,
                              const std::string& pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (auto it = std::sregex_iterator(text.begin(), text.end(), regex);
       it != std::sregex_iterator(); ++it) {
    found.insert((*it)[1].str());
  }
  return found;
}

TEST(MessagesTest, PutsValuesIntoPlaces) {
  auto words = ReadWords("[a]\nb = \"Let {agent} in, {agent}? {x}\"\n");
  ASSERT_TRUE(words.ok()) << words.status();
  // A value is no sentence: what looks like a place in it is none.
  EXPECT_EQ(words->Say("a.b", {{"agent", "{x}"}, {"x", "*1*"}}),
            "Let {x} in, {x}? *1*");
}

TEST(MessagesTest, MakesTemplatesOfSentences) {
  auto words = ReadWords("[a]\nb = \"*{agent}* & <you> see `{host}`\"\n");
  ASSERT_TRUE(words.ok()) << words.status();
  EXPECT_EQ(words->Translate("<p>[[a.b]]</p>{{x}}"),
            "<p><strong>{{agent}}</strong> &amp; &lt;you&gt; see "
            "<span class=\"mono\">{{host}}</span></p>{{x}}");
}

TEST(MessagesTest, ReadsNoCatalogueThatIsBroken) {
  for (const char* broken :
       {"[a]\nb = \"a {place\"\n", "[a]\nb = \"a {Place}\"\n",
        "[a]\nb = \"a {}\"\n", "[a]\nb = \"a *word\"\n",
        "[a]\nb = \"a `word\"\n", "[a]\nb = \"\"\n", "[a]\nb = 1\n",
        "[a.b]\nc = \"deep\"\n", "[a]\nb = \"x\"\nb = \"y\"\n", "a = \"flat"}) {
    EXPECT_FALSE(ReadWords(broken).ok()) << broken;
  }
  EXPECT_FALSE(Messages::Read("xx", "[a]\nb = \"no direction\"\n").ok());
  EXPECT_FALSE(Messages::Read("xx", "[language]\ndirection = \"up\"\n").ok());
}

TEST(MessagesTest, SeesWhereTwoLanguagesDiffer) {
  const Messages one = *ReadWords("[a]\nb = \"to {x}\"\nc = \"c\"\n");
  EXPECT_EQ(one.CheckSameAs(*ReadWords("[a]\nb = \"{x} zu\"\nc = \"tse\"\n")),
            absl::OkStatus());
  for (const char* other :
       {"[a]\nb = \"{x} zu\"\n", "[a]\nb = \"zu\"\nc = \"tse\"\n",
        "[a]\nb = \"{y} zu\"\nc = \"tse\"\n",
        "[a]\nb = \"{x} zu\"\nc = \"tse\"\nd = \"de\"\n"}) {
    EXPECT_FALSE(one.CheckSameAs(*ReadWords(other)).ok()) << other;
  }
}

TEST(MessagesTest, MirrorsEveryWordButTheValues) {
  const Messages mirror = Messages::Mirror(
      "ar-XB", *ReadWords("[a]\nb = \"Back to *{agent}*.\"\n"));
  EXPECT_EQ(mirror.direction(), "rtl");
  EXPECT_EQ(mirror.Say("a.b", {{"agent", "Calendar Bot"}}),
            "⟦\u200F\u202EBack\u202C\u200F \u200F\u202Eto\u202C\u200F "
            "*\u2068Calendar Bot\u2069*\u200F\u202E.\u202C\u200F⟧");
}

TEST(PageLanguagesTest, AllSayTheSame) {
  EXPECT_EQ(EnglishMessages().locale(), "en");
  EXPECT_EQ(PageLanguages().back().locale(), kMirrorLocale);
  for (const Messages& language : PageLanguages()) {
    EXPECT_EQ(EnglishMessages().CheckSameAs(language), absl::OkStatus());
    for (const auto& [key, sentence] : language.sentences()) {
      EXPECT_THAT(sentence, Not(HasSubstr("  "))) << key;
    }
  }
}

// What is shown is in the catalogue, and what is in the catalogue is shown.
TEST(PageLanguagesTest, HaveExactlyWhatPagesUse) {
  const std::string code = SourceOf({".cc", ".h"});
  const std::set<std::string> in_templates =
      FindAll(SourceOf({".mustache"}), R"(\[\[([^\]]*)\]\])");
  const std::set<std::string> in_code =
      FindAll(code, "\"([a-z_]+\\.[a-z_0-9]+)\"");
  const auto& sentences = EnglishMessages().sentences();
  for (const std::string& key : in_templates) {
    EXPECT_EQ(sentences.count(key), 1u) << key << " is missing";
  }
  for (const std::string& key : FindAll(code, "Say\\(\\s*\"([^\"]*)\"\\)")) {
    EXPECT_EQ(sentences.count(key), 1u) << key << " is missing";
  }
  for (const auto& [key, sentence] : sentences) {
    // Their keys are made from a number.
    if (absl::StartsWith(key, "time.month_")) continue;
    const bool said = in_code.count(key) > 0;
    EXPECT_TRUE(said || in_templates.count(key) > 0) << key << " is not used";
    if (said && in_templates.count(key) == 0) {
      EXPECT_FALSE(absl::StrContains(sentence, "*") ||
                   absl::StrContains(sentence, "`"))
          << key << ": only templates know marks";
    }
  }
}

TEST(PageLanguagesTest, HaveNoWordsBesideThem) {
  // What is left of a template without its tags, its values and its sentences.
  for (const auto& entry : fs::directory_iterator(
           fs::path(TOKENVAULT_SOURCE_DIR) / "server" / "web")) {
    if (entry.path().extension() != ".mustache") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const std::string rest = std::regex_replace(
        text.str(),
        std::regex(R"(\{\{\{?[^}]*\}\}\}?|\[\[[^\]]*\]\]|<[^>]*>|\s)"), "");
    EXPECT_THAT(rest, IsEmpty()) << entry.path().filename();
    EXPECT_THAT(
        FindAll(text.str(), "(aria-label|title|alt|placeholder)=\"[^{\\[]"),
        IsEmpty())
        << entry.path().filename();
  }
}

}  // namespace
}  // namespace tokenvault
