#include "server/page_disconnect.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RemovedPage Removed(ProviderRevocation revocation) {
  RemovedPage page;
  page.frame = TestFrame();
  page.agent = "Calendar Bot";
  page.removed = {"Google", "ana@acme.example", revocation, ""};
  page.copies = {kPageTime + absl::Minutes(10), kPageTime};
  return page;
}

TEST(RemovedPageTest, IsHonestAboutWhatStays) {
  std::string html = RenderRemoved(Removed(ProviderRevocation::kRevoked));
  EXPECT_THAT(html, HasSubstr("Google was told, and ended it too."));
  EXPECT_THAT(html, HasSubstr("Copies already handed out may work until 23 "
                              "November 2026, 14:43 UTC."));
  RemovedPage page = Removed(ProviderRevocation::kUnsupported);
  page.removed.provider_link = "https://myaccount.google.com/connections";
  html = RenderRemoved(page);
  EXPECT_THAT(html, HasSubstr("cannot be told by us"));
  EXPECT_THAT(html, HasSubstr("href=\"https://myaccount.google.com/"));
  EXPECT_THAT(RenderRemoved(Removed(ProviderRevocation::kFailed)),
              HasSubstr("did not accept that"));
  EXPECT_THAT(RenderRemoved(Removed(ProviderRevocation::kPending)),
              HasSubstr("We go on telling it"));
}

TEST(RemovedPageTest, NamesNoAgentWhenItEndedForAll) {
  RemovedPage page = Removed(ProviderRevocation::kRevoked);
  page.agent = "";
  page.connections_link = "/me";
  std::string html = RenderRemoved(page);
  EXPECT_THAT(html, HasSubstr("<h1>Your Google account is disconnected</h1>"));
  EXPECT_THAT(html, HasSubstr("href=\"/me\">See my connections</a>"));
}

DisconnectPage Asked() {
  DisconnectPage page;
  page.frame = TestFrame();
  page.form = {"/me/c-1/disconnect", "csrf-1"};
  page.keep_link = "/me";
  page.provider = "Google";
  page.account = "ana@acme.example";
  page.copies = {kPageTime + absl::Minutes(10), kPageTime};
  return page;
}

TEST(DisconnectPageTest, SaysBeforehandWhatWillHappen) {
  std::string html = RenderDisconnect(Asked());
  for (const char* words :
       {"<h1>Disconnect your Google account?</h1>",
        "ana@acme.example at Google", "Google will be told now.",
        "may work until 23 November 2026, 14:43 UTC.",
        "<button>Disconnect</button>", "href=\"/me\">Keep</a>"}) {
    EXPECT_THAT(html, HasSubstr(words));
  }
  EXPECT_THAT(html, Not(HasSubstr("primary")));
  DisconnectPage page = Asked();
  page.told = false;
  page.provider_link = "https://google.example/apps";
  html = RenderDisconnect(page);
  EXPECT_THAT(html, HasSubstr("Google cannot be told by us."));
  EXPECT_THAT(html, HasSubstr("href=\"https://google.example/apps\""));
}

TEST(DisconnectPageTest, PromisesNoMoreAboutCopiesThanIsKnown) {
  DisconnectPage page = Asked();
  page.copies.until = absl::InfiniteFuture();
  EXPECT_THAT(RenderDisconnect(page),
              HasSubstr("may work until they expire. This service sets no"));
  page.copies.until = kPageTime;
  EXPECT_THAT(RenderDisconnect(page),
              HasSubstr("No copy that was handed out still works."));
}

TEST(StopPageTest, NamesEveryAccountAndThenWhatBecameOfIt) {
  StopPage stop;
  stop.frame = TestFrame();
  stop.form = {"/me/stop", "csrf-1"};
  stop.keep_link = "/me";
  stop.accounts = {
      {.provider = "Google",
       .account = "ana@acme.example",
       .provider_link = ""},
      {.provider = "Slack", .account = "Acme", .provider_link = ""}};
  std::string html = RenderStop(stop);
  EXPECT_THAT(html, HasSubstr("<h1>Stop everything?</h1>"));
  EXPECT_THAT(html, HasSubstr("<li>ana@acme.example at Google</li>"));
  EXPECT_THAT(html, HasSubstr("<li>Acme at Slack</li>"));
  EXPECT_THAT(html, HasSubstr("It cannot be undone"));
  EverythingStoppedPage stopped;
  stopped.frame = TestFrame();
  stopped.accounts = stop.accounts;
  stopped.accounts[1].revocation = ProviderRevocation::kPending;
  stopped.connections_link = "/me";
  html = RenderEverythingStopped(stopped);
  EXPECT_THAT(html, HasSubstr("<h1>Everything is stopped</h1>"));
  EXPECT_LT(html.find("Google was told"), html.find("Slack did not answer"));
}

}  // namespace
}  // namespace tokenvault
