#include "server/page_notices.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LinkPagesTest, SayWhatToDoWithALinkThatWorksNoMore) {
  EXPECT_THAT(RenderLinkUsed({TestFrame(), "/me"}),
              HasSubstr("href=\"/me\">See my connections</a>"));
  EXPECT_THAT(RenderLinkExpired({TestFrame()}),
              HasSubstr("Ask for a new link where you got this one."));
}

TEST(LinkPagesTest, SayHowAQuestionEndedWithoutCallingItOld) {
  const std::string denied = RenderLinkEnded({TestFrame(), LinkEnd::kDenied});
  EXPECT_THAT(denied, HasSubstr("<h1>This was answered with no</h1>"));
  const std::string cancelled =
      RenderLinkEnded({TestFrame(), LinkEnd::kCancelled});
  EXPECT_THAT(cancelled, HasSubstr("<h1>This question was taken back</h1>"));
  EXPECT_THAT(cancelled, HasSubstr("There is nothing to do."));
  const std::string stopped = RenderLinkEnded({TestFrame(), LinkEnd::kStopped});
  EXPECT_THAT(stopped, HasSubstr("<h1>This link was stopped</h1>"));
  for (const std::string& html : {denied, cancelled, stopped}) {
    EXPECT_THAT(html, Not(HasSubstr("too old")));
    EXPECT_EQ(CountIn(html, "class=\"lede\""), 1);
  }
}

TEST(OtherPersonPageTest, NamesNobodyButWhoIsSignedIn) {
  std::string html = RenderOtherPerson(
      {TestFrame(), /*still_open=*/false, {"/signout", "csrf-1"}});
  EXPECT_THAT(html, HasSubstr("<h1>This link was made for someone else</h1>"));
  EXPECT_THAT(html, HasSubstr("action=\"/signout\""));
  EXPECT_EQ(CountIn(html, "@"), 1);
  EXPECT_THAT(RenderOtherPerson({TestFrame(), true, {}}),
              Not(HasSubstr("<form")));
}

TEST(ProviderDownPageTest, SaysWhoseTurnItIsAndOffersOneAct) {
  std::string html =
      RenderProviderDown({TestFrame(), "Calendar Bot", "Google", "/c/1"});
  EXPECT_THAT(html, HasSubstr("<h1>Google is not answering</h1>"));
  EXPECT_THAT(html, HasSubstr("Nothing was lost"));
  EXPECT_THAT(html, HasSubstr("Google has to answer first"));
  EXPECT_THAT(html, HasSubstr("href=\"/c/1\">Try again</a>"));
  html =
      RenderProviderDown({TestFrame(), "Calendar Bot", "Google", "/c/1", true});
  EXPECT_THAT(html, HasSubstr("<h1>Google refuses this service</h1>"));
  EXPECT_THAT(html, HasSubstr("the turn of those who run it, not yours"));
  EXPECT_THAT(html, Not(HasSubstr("Google has to answer")));
}

TEST(WentWrongPageTest, GivesAReferenceAndNothingElse) {
  EXPECT_THAT(RenderWentWrong({TestFrame(), "7f3a-19c2", ""}),
              HasSubstr("<span class=\"mono\">7f3a-19c2</span>"));
  EXPECT_THAT(RenderWentWrong({TestFrame(), "", ""}),
              Not(HasSubstr("reference")));
}

TEST(SignedOutPageTest, SaysWhatGoesOn) {
  std::string html = RenderSignedOut({TestFrame(), "/signin"});
  EXPECT_THAT(html, HasSubstr("agents go on with what you allowed"));
  EXPECT_THAT(html, HasSubstr("href=\"/signin\">Sign in again</a>"));
}

}  // namespace
}  // namespace tokenvault
