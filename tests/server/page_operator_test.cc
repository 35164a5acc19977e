#include "server/page_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

OperatorPage Sample() {
  OperatorPage page;
  page.frame = TestFrame();
  page.sign_out = {"/signout", "csrf-1"};
  page.again_link = "/operator";
  page.now = kPageTime;
  page.start_time = kPageTime - absl::Hours(30);
  page.ready = true;
  page.key_generation = 4;
  page.configuration = "9f2c41";
  page.figures = {{"Tokens handed out", NumberText(18204)}};
  page.leaves = 120;
  return page;
}

TEST(NumberTextTest, SetsThousandsApart) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(999), "999");
  EXPECT_EQ(NumberText(1000), "1\u00A0000");
  EXPECT_EQ(NumberText(1234567), "1\u00A0234\u00A0567");
  EXPECT_EQ(NumberText(-100), "-100");
}

TEST(ShareTextTest, CallsAllOnlyWhatIsAll) {
  EXPECT_EQ(ShareText(0, 0), "");
  EXPECT_EQ(ShareText(0, 7), "0.0\u00A0%");
  EXPECT_EQ(ShareText(9999, 10000), "99.9\u00A0%");
  EXPECT_EQ(ShareText(7, 7), "100.0\u00A0%");
}

TEST(PageOperatorTest, SaysWhenThereIsNothingToDo) {
  const std::string html = RenderOperator(Sample());
  EXPECT_THAT(html,
              AllOf(HasSubstr("Nothing. All is well."), HasSubstr("Last hour"),
                    HasSubstr("Master key 4"), HasSubstr("9f2c41"),
                    HasSubstr("18\u00A0204"), HasSubstr("None is configured"),
                    HasSubstr("None that this vault knows of")));
  // Nothing checked it.
  EXPECT_THAT(html, Not(HasSubstr("intact")));
}

TEST(PageOperatorTest, SaysWhatToDoSinceWhenAndHow) {
  OperatorPage page = Sample();
  page.tasks = {{"Everything is stopped.", kPageTime - absl::Hours(1),
                 "tokenvault unlock", "docs/operations.md", "Stop everything"},
                {"Something else.", std::nullopt, "", "", ""}};
  const std::string html = RenderOperator(page);
  EXPECT_THAT(html, AllOf(HasSubstr("Since 23 November 2026, 13:32 UTC"),
                          HasSubstr("<p class=\"mono\">tokenvault unlock</p>"),
                          HasSubstr("“Stop everything”")));
  // What the second one has not is not that of the first.
  EXPECT_EQ(CountIn(html, "tokenvault unlock"), 1);
  EXPECT_EQ(CountIn(html, "Since 23 November"), 1);
}

TEST(PageOperatorTest, SaysThatItCountsSinceTheStart) {
  OperatorPage page = Sample();
  page.start_time = kPageTime - absl::Minutes(12);
  EXPECT_THAT(RenderOperator(page),
              AllOf(HasSubstr("Since the start, 12 min ago"),
                    Not(HasSubstr("Last hour"))));
}

TEST(PageOperatorTest, MarksWithWordsWhereARefreshEndsTokens) {
  OperatorPage page = Sample();
  page.providers = {{"Google", "99.9 %", 812, 9, true, false},
                    {"GitHub", "", 240, 0, false, true}};
  const std::string html = RenderOperator(page);
  EXPECT_EQ(CountIn(html, "A refresh here ends tokens already handed out"), 1);
  EXPECT_EQ(CountIn(html, "None were due"), 1);
}

TEST(PageOperatorTest, SaysTheWidestPermissionInWordsWithItsRisk) {
  OperatorPage page = Sample();
  page.agents = {{"Calendar Bot", 9210, "611", ChangeEvents(), "Google", 0},
                 {"Idle Bot", 0, "0", {}, "", 0}};
  page.all_agents = 80;
  const std::string html = RenderOperator(page);
  EXPECT_THAT(html, AllOf(HasSubstr("Add and change events"),
                          HasSubstr("high risk"), HasSubstr("2 of 80")));
  EXPECT_EQ(CountIn(html, "high risk"), 1);
}

TEST(PageOperatorTest, ChangesNothing) {
  const std::string html = RenderOperator(Sample());
  EXPECT_EQ(CountIn(html, "<form "), 1);
  EXPECT_THAT(html, HasSubstr("action=\"/signout\""));
}

TEST(PageOperatorTest, ShowsNothingOfItToAnybodyElse) {
  const std::string html =
      RenderOperatorRefused({TestFrame(), {"/signout", "csrf-1"}});
  EXPECT_THAT(html,
              AllOf(HasSubstr("This page is for operators"),
                    Not(HasSubstr("Do now")), Not(HasSubstr("Master key"))));
}

}  // namespace
}  // namespace tokenvault
