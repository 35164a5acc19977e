#include "server/page_outcome.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

TEST(DonePageTest, SaysInOneSentenceWhatIsPossibleNow) {
  std::string html = RenderDone(SampleDone());
  EXPECT_THAT(html, HasSubstr("<h1>Done. Calendar Bot can see events on your "
                              "calendars until 23 December 2026.</h1>"));
  EXPECT_THAT(html, HasSubstr("<strong>ana@acme.example</strong> at Google"));
  EXPECT_THAT(html, HasSubstr("action=\"/c/1/undo\""));
  EXPECT_THAT(html, HasSubstr("value=\"undo\">Undo</button>"));
  EXPECT_THAT(html, HasSubstr("You can close this page."));
}

TEST(DonePageTest, ListsSeveralAbilitiesAndNoEnd) {
  DonePage page = SampleDone();
  page.scopes = {SeeEvents(), ChangeEvents()};
  page.ends = absl::InfiniteFuture();
  page.back = {"Calendar Bot", "https://bot.acme.example/back"};
  std::string html = RenderDone(page);
  EXPECT_THAT(html, HasSubstr("<h1>Done. Calendar Bot can use your Google "
                              "account until you stop it.</h1>"));
  EXPECT_THAT(html, HasSubstr("<li>See events on your calendars</li>"));
  EXPECT_THAT(html, HasSubstr("<li>Add and change events</li>"));
  EXPECT_THAT(html, HasSubstr("href=\"https://bot.acme.example/back\">Back to "
                              "Calendar Bot</a>"));
}

TEST(DeniedPagesTest, SayThatNothingWasSharedAndWhoseTurnItIs) {
  ReturnView back{"Calendar Bot", "https://bot.acme.example/back"};
  std::string you =
      RenderDeniedByYou({TestFrame(), "Calendar Bot", "Google", back});
  EXPECT_THAT(you, HasSubstr("<h1>Calendar Bot was not let in</h1>"));
  EXPECT_THAT(you, HasSubstr("Nothing was shared."));
  EXPECT_THAT(you, HasSubstr("Back to Calendar Bot"));
  std::string provider =
      RenderDeniedAtProvider({TestFrame(), "Calendar Bot", "Google", {}});
  EXPECT_THAT(provider, HasSubstr("<h1>Google was told no</h1>"));
  EXPECT_THAT(provider, HasSubstr("Nothing was shared."));
  EXPECT_THAT(provider, HasSubstr("You can close this page."));
}

TEST(LessGrantedPageTest, SaysWhatIsMissingAndWhatThatMeans) {
  LessGrantedPage page;
  page.frame = TestFrame();
  page.form = {"/c/1/less", "csrf-1"};
  page.agent = "Calendar Bot";
  page.provider = "Google";
  page.account = "ana@acme.example";
  page.granted = {SeeEvents()};
  page.missing = {ChangeEvents()};
  std::string html = RenderLessGranted(page);
  EXPECT_LT(html.find("See events"), html.find("Calendar Bot cannot"));
  EXPECT_GT(html.find("Add and change"), html.find("Calendar Bot cannot"));
  EXPECT_THAT(html, HasSubstr("It gets no key for what is missing; what needs "
                              "only the rest goes on."));
  for (const char* button : {"again", "keep", "undo"}) {
    EXPECT_THAT(html, HasSubstr(absl::StrCat("name=\"decision\" value=\"",
                                             button, "\"")));
  }
  page.granted.clear();
  EXPECT_THAT(RenderLessGranted(page),
              HasSubstr("It gets no key for what is missing.</p>"));
}

TEST(WrongAccountPageTest, LetsThePersonChooseBetweenTheTwo) {
  WrongAccountPage page{TestFrame(),        {"/account/1", "csrf-1"},
                        "Calendar Bot",     "Google",
                        "ana@acme.example", "ana@home.example"};
  page.is_new = true;
  std::string html = RenderWrongAccount(page);
  EXPECT_THAT(html, HasSubstr("<h1>This is another Google account</h1>"));
  EXPECT_THAT(html,
              HasSubstr("value=\"keep\">Stay with <strong>ana@acme.example<"));
  EXPECT_THAT(
      html,
      HasSubstr(
          "value=\"replace\">Use <strong>ana@home.example</strong> instead<"));
  EXPECT_THAT(html, HasSubstr("ana@home.example is disconnected"));
  page.is_new = false;
  EXPECT_THAT(RenderWrongAccount(page),
              HasSubstr("ana@home.example stays connected as it was"));
}

}  // namespace
}  // namespace tokenvault
