#include "server/page_consent.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SignInPageTest, SaysWhoAsksAndWhy) {
  std::string html =
      RenderSignIn({TestFrame(), "Acme", "Calendar Bot", /*approval=*/false,
                    "Acme single sign-on", "/signin"});
  EXPECT_THAT(html, HasSubstr("<h1>Sign in to continue</h1>"));
  EXPECT_THAT(html, HasSubstr("Calendar Bot asks to use an account of yours."));
  EXPECT_THAT(html, HasSubstr("Acme needs to know that it is you"));
  EXPECT_THAT(html, HasSubstr("href=\"/signin\">Sign in with Acme single "
                              "sign-on</a>"));
}

TEST(SignInPageTest, SpeaksOfConnectionsWhenNobodyAsks) {
  std::string html = RenderSignIn(
      {TestFrame(), "Acme", "", false, "Acme single sign-on", "/signin"});
  EXPECT_THAT(html, HasSubstr("To show you your connections"));
  EXPECT_THAT(html, Not(HasSubstr("asks to use")));
}

TEST(ConsentPageTest, SaysWhoWantsWhatOnWhichAccountForHowLong) {
  std::string html = RenderConsent(SampleConsent());
  for (const char* words :
       {"<h1>Let Calendar Bot use your Google account?</h1>",
        "<span class=\"code-value\" dir=\"ltr\">7Q4M-2KXP</span>",
        "<strong>Calendar Bot</strong>, run by Productivity team",
        "spiffe://acme.example/agent/calendar-bot", "just now, at Acme",
        "<dt>It says</dt><dd><blockquote>“Plan the offsite”</blockquote>",
        "Your account at Google", "See events on your calendars",
        "<li>Read your mail or files</li>",
        "See your Google password, or keep a lasting key",
        "It has no end of its own", "Until 23 December 2026",
        "value=\"allow\">Continue to Google</button>",
        "value=\"deny\">Don’t allow</button>",
        "<a href=\"/me\" dir=\"ltr\">connect.acme.example/me</a>"}) {
    EXPECT_THAT(html, HasSubstr(words));
  }
}

TEST(ConsentPageTest, SaysAboveTheButtonsWhatMatters) {
  std::string html = RenderConsent(SampleConsent());
  size_t button = html.find("Continue to Google");
  for (const char* words : {"Who is asking", "It will be able to",
                            "It will not be able to", "For how long"}) {
    EXPECT_LT(html.find(words), button) << words;
  }
  EXPECT_LT(button, html.find("Stop any time"));
}

TEST(ConsentPageTest, ShowsRawScopesOnlyInTheDetails) {
  ConsentPage page = SampleConsent();
  page.scopes = {SeeEvents()};
  std::string html = RenderConsent(page);
  EXPECT_GT(html.find("calendar.events.readonly"), html.find("<details>"));
}

TEST(ConsentPageTest, SaysHowMuchEachScopeRisks) {
  ConsentPage page = SampleConsent();
  page.scopes.push_back({.raw = "x",
                         .says = "Do what no preset tells",
                         .risk = ScopeViewRisk::kUnjudged});
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("<span>See events on your calendars</span> "
                              "<span class=\"tag\">low risk</span>"));
  EXPECT_THAT(html, HasSubstr("<span>Add and change events</span> "
                              "<span class=\"tag high\">high risk</span>"));
  EXPECT_THAT(html, HasSubstr("<span>Do what no preset tells</span></li>"));
}

TEST(ConsentPageTest, OffersNoChoiceThatItDoesNotGive) {
  std::string html = RenderConsent(SampleConsent());
  EXPECT_THAT(html, Not(HasSubstr("checkbox")));
  EXPECT_THAT(html, Not(HasSubstr("This task only")));
}

TEST(ConsentPageTest, OffersBesideWhatIsNeededWhatMayBeLeftOut) {
  ConsentPage page = SampleConsent();
  page.scopes = {SeeEvents()};
  page.optional = {{ChangeEvents(), false},
                   {{.raw = "x", .says = "Read your tasks"}, true}};
  std::string html = RenderConsent(page);
  // What is needed is ticked and fixed, and no field of the form.
  EXPECT_THAT(html, HasSubstr("<input type=\"checkbox\" checked disabled>"
                              "<span>See events on your calendars"));
  EXPECT_THAT(html, HasSubstr("name=\"optional_1\" value=\"" +
                              ChangeEvents().raw + "\"><span>Add and change"));
  EXPECT_THAT(html, HasSubstr("name=\"optional_2\" value=\"x\" checked><span>"
                              "Read your tasks"));
  EXPECT_EQ(CountIn(html, "Optional: leave it out if you like"), 2);
  EXPECT_EQ(CountIn(html, "<legend>It will be able to</legend>"), 1);
  EXPECT_THAT(html, Not(HasSubstr("class=\"ticks scopes\"")));
}

TEST(ConsentPageTest, StartsWithTheLifetimeGivenAmongThoseAllowed) {
  ConsentPage page = SampleConsent();
  page.task = "offsite-7";
  page.lifetimes = {Lifetime::kThisTask, Lifetime::kThirtyDays};
  page.lifetime = Lifetime::kThisTask;
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("name=\"lifetime\" value=\"task\" checked>"));
  EXPECT_THAT(html, HasSubstr("For “offsite-7”, until 24 November 2026, "
                              "14:32 UTC at the latest"));
  EXPECT_THAT(html, HasSubstr("name=\"lifetime\" value=\"30d\">"));
  EXPECT_THAT(html, Not(HasSubstr("until_stopped")));
}

TEST(ConsentPageTest, SaysWhyATaskCannotBeAllowedAlone) {
  ConsentPage page = SampleConsent();
  page.lasting = true;
  EXPECT_THAT(RenderConsent(page),
              HasSubstr("Calendar Bot has access that lasts already"));
}

TEST(ConsentPageTest, AnswersNothingWhenEnterIsPressed) {
  std::string html = RenderConsent(SampleConsent());
  EXPECT_LT(html.find("<button hidden></button>"),
            html.find("value=\"allow\""));
  EXPECT_THAT(html, Not(HasSubstr("autofocus")));
}

TEST(ConsentPageTest, AdmitsWhatTheProviderCannotCutOff) {
  ConsentPage page = SampleConsent();
  EXPECT_THAT(RenderConsent(page), Not(HasSubstr("cannot limit this")));
  page.could_also = {"Read your private channels"};
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("Google cannot limit this further."));
  EXPECT_LT(html.find("Read your private channels"),
            html.find("value=\"allow\""));
}

TEST(ConsentPageTest, LeavesOutWhatIsNotKnown) {
  ConsentPage page = SampleConsent();
  page.purpose = "";
  page.agent.owner = "";
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, Not(HasSubstr("It says")));
  EXPECT_THAT(html, Not(HasSubstr("run by")));
  EXPECT_THAT(html, Not(HasSubstr("role=\"alert\"")));
}

TEST(ConsentPageTest, HasOtherWordsForReconnecting) {
  ConsentPage page = SampleConsent();
  page.kind = ConsentKind::kReconnect;
  page.account = "ana@acme.example";
  std::string html = RenderConsent(page);
  EXPECT_THAT(
      html,
      HasSubstr("<h1>Reconnect your Google account for Calendar Bot?</h1>"));
  EXPECT_THAT(html, HasSubstr("Google no longer accepts the connection"));
  EXPECT_THAT(html, HasSubstr("Nothing was lost"));
  EXPECT_THAT(html, HasSubstr("ana@acme.example at Google"));
}

TEST(ConsentPageTest, ShowsWhatIsNewWhenMoreIsAsked) {
  ConsentPage page = SampleConsent();
  page.kind = ConsentKind::kStepUp;
  page.scopes = {ChangeEvents()};
  page.already = {SeeEvents()};
  std::string html = RenderConsent(page);
  EXPECT_THAT(
      html,
      HasSubstr("<h1>Let Calendar Bot do more with your Google account?</h1>"));
  size_t fresh = html.find("New: it will be able to");
  size_t already = html.find("It can already");
  ASSERT_NE(already, std::string::npos);
  EXPECT_LT(fresh, html.find("Add and change events"));
  EXPECT_LT(html.find("Add and change events"), already);
  EXPECT_LT(already, html.find("See events on your calendars"));
}

TEST(InterstitialPageTest, NamesTheHostAndLinksPlainly) {
  std::string html = RenderInterstitial(
      {TestFrame(), "Calendar Bot", "Google", "accounts.google.com",
       "https://accounts.google.com/o/oauth2/v2/auth?a=1&state=s"});
  EXPECT_THAT(html, HasSubstr("<h1>You are going to accounts.google.com</h1>"));
  EXPECT_THAT(html, HasSubstr("href=\"https://accounts.google.com/o/oauth2/v2/"
                              "auth?a=1&amp;state=s\" rel=\"noreferrer\""));
  EXPECT_THAT(html, Not(HasSubstr("http-equiv")));
}

TEST(ConsentPageTest, DoesNotSpeakOfLeavingWhenNobodyLeaves) {
  ConsentPage page = SampleConsent();
  page.at_provider = false;
  std::string html = RenderConsent(page);
  EXPECT_THAT(html, HasSubstr("value=\"allow\">Allow</button>"));
  EXPECT_THAT(html, Not(HasSubstr("Continue to")));
}

TEST(LifetimeTest, ReadsBackWhatItWrote) {
  for (Lifetime lifetime :
       {Lifetime::kThisTask, Lifetime::kThirtyDays, Lifetime::kUntilStopped}) {
    EXPECT_EQ(ParseLifetime(LifetimeValue(lifetime)), lifetime);
  }
  EXPECT_EQ(ParseLifetime("31d"), std::nullopt);
  EXPECT_EQ(ParseLifetime(""), std::nullopt);
}

TEST(LifetimeTest, EndsWhenItSays) {
  EXPECT_EQ(LifetimeEnd(Lifetime::kThisTask, kPageTime),
            kPageTime + absl::Hours(24));
  EXPECT_EQ(LifetimeEnd(Lifetime::kThirtyDays, kPageTime),
            kPageTime + absl::Hours(720));
  EXPECT_EQ(LifetimeEnd(Lifetime::kUntilStopped, kPageTime),
            absl::InfiniteFuture());
}

}  // namespace
}  // namespace tokenvault
