#include "server/page_connections.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RemovedPageTest, IsHonestAboutWhatStays) {
  RemovedPage page;
  page.frame = TestFrame();
  page.agent = "Calendar Bot";
  page.provider = "Google";
  page.account = "ana@acme.example";
  std::string html = RenderRemoved(page);
  EXPECT_THAT(html, HasSubstr("was told, and ended it too."));
  EXPECT_THAT(html, HasSubstr("may work until they expire. No new ones"));
  page.revocation = ProviderRevocation::kUnsupported;
  page.provider_link = "https://myaccount.google.com/connections";
  html = RenderRemoved(page);
  EXPECT_THAT(html, HasSubstr("cannot be told by us"));
  EXPECT_THAT(html, HasSubstr("href=\"https://myaccount.google.com/"));
  page.revocation = ProviderRevocation::kFailed;
  EXPECT_THAT(RenderRemoved(page), HasSubstr("did not accept that"));
  page.revocation = ProviderRevocation::kPending;
  EXPECT_THAT(RenderRemoved(page), HasSubstr("We go on telling it"));
}

TEST(RemovedPageTest, NamesNoAgentWhenItEndedForAll) {
  RemovedPage page;
  page.provider = "Google";
  EXPECT_THAT(RenderRemoved(page),
              HasSubstr("<h1>Your Google account is disconnected</h1>"));
}

TEST(MyConnectionsPageTest, ShowsWhoMayDoWhatWithEachAccount) {
  MyConnectionsPage page;
  page.frame = TestFrame();
  page.form = {"/me/disconnect", "csrf-1"};
  page.sign_out = {"/signout", "csrf-1"};
  page.connections = {{.id = "c-1",
                       .provider = "Google",
                       .account = "ana@acme.example",
                       .state = "Active",
                       .explanation = "",
                       .uses = {{"Calendar Bot", {SeeEvents()}, kPageTime}}},
                      {.id = "c-2",
                       .provider = "Slack",
                       .account = "Acme",
                       .state = "Needs reconnecting",
                       .explanation = "Slack no longer accepts it",
                       .uses = {}}};
  std::string html = RenderMyConnections(page);
  size_t google = html.find("<p><bdi>ana@acme.example");
  size_t slack = html.find("<p><bdi>Acme<");
  ASSERT_NE(slack, std::string::npos);
  EXPECT_LT(google, html.find("See events on your calendars"));
  EXPECT_LT(html.find("See events on your calendars"), slack);
  EXPECT_THAT(html, HasSubstr("Ends: 23 November 2026"));
  EXPECT_THAT(html, HasSubstr("name=\"connection\" value=\"c-1\">"));
  EXPECT_THAT(html, HasSubstr("name=\"connection\" value=\"c-2\">"));
  EXPECT_EQ(CountIn(html, "action=\"/me/disconnect\""), 2);
  EXPECT_EQ(CountIn(html, "action=\"/signout\""), 1);
}

}  // namespace
}  // namespace tokenvault
