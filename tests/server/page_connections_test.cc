#include "server/page_connections.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/page_samples.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

ConnectionCard Google() {
  return {.id = "c-1",
          .provider = "Google",
          .account = "ana@acme.example",
          .state = CardState::kActive,
          .uses = {{.id = "calendar-bot",
                    .agent = "Calendar Bot",
                    .scopes = {SeeEvents()},
                    .last_used = kPageTime - absl::Minutes(4),
                    .ends = kPageTime + absl::Hours(24 * 30),
                    .task = "",
                    .could_also = {}}}};
}

MyConnectionsPage Mine(std::vector<ConnectionCard> connections) {
  MyConnectionsPage page;
  page.frame = TestFrame();
  page.now = kPageTime;
  page.form = {"/me", "csrf-1"};
  page.sign_out = {"/signout", "csrf-2"};
  page.connections = std::move(connections);
  return page;
}

TEST(MyConnectionsPageTest, ShowsWhoMayDoWhatWithEachAccount) {
  ConnectionCard slack{.id = "c-2",
                       .provider = "Slack",
                       .account = "Acme",
                       .state = CardState::kPaused,
                       .uses = {}};
  std::string html = RenderMyConnections(Mine({Google(), slack}));
  for (const char* words :
       {"<bdi>ana@acme.example</bdi>", "<bdi>Calendar Bot</bdi>",
        "<li>See events on your calendars</li>", "<li>Used 4 min ago</li>",
        "<li>Ends on 23 December 2026</li>", "No agent may use it.",
        "href=\"/me/c-1\" aria-label=\"Details: Google, ana@acme.example\"",
        "value=\"pause\" aria-label=\"Pause: Google, ana@acme.example\"",
        "value=\"resume\" aria-label=\"Resume: Slack, Acme\"",
        "href=\"/me/c-1/disconnect\"", "href=\"/me/c-2/disconnect\"",
        "href=\"/me/stop\">Stop everything</a>",
        "No agent gets a new key while it is paused."}) {
    EXPECT_THAT(html, HasSubstr(words));
  }
  EXPECT_EQ(CountIn(html, "action=\"/me\""), 2);
  EXPECT_EQ(CountIn(html, "action=\"/signout\""), 1);
  EXPECT_EQ(CountIn(html, "value=\"reconnect\""), 0);
}

TEST(MyConnectionsPageTest, PutsFirstWhatWaitsForThePerson) {
  ConnectionCard broken = Google();
  broken.id = "c-9";
  broken.provider = "GitHub";
  broken.state = CardState::kNeedsReconnecting;
  std::string html = RenderMyConnections(Mine({Google(), broken}));
  EXPECT_LT(html.find("<bdi>GitHub</bdi>"), html.find("<bdi>Google</bdi>"));
  EXPECT_THAT(html, HasSubstr("Needs reconnecting</span>"));
  EXPECT_THAT(html, HasSubstr("GitHub no longer accepts this connection. "
                              "Nothing was lost"));
  EXPECT_EQ(CountIn(html, "value=\"reconnect\""), 1);
  // Nobody would ask for it.
  broken.uses.clear();
  EXPECT_THAT(RenderMyConnections(Mine({broken})),
              Not(HasSubstr("value=\"reconnect\"")));
}

TEST(MyConnectionsPageTest, SaysWhenAnAgentLastUsedIt) {
  auto words = [](absl::Time used) {
    ConnectionCard card = Google();
    card.uses[0].last_used = used;
    return RenderMyConnections(Mine({card}));
  };
  EXPECT_THAT(words(absl::InfinitePast()), HasSubstr("Not used yet"));
  EXPECT_THAT(words(kPageTime), HasSubstr("Used just now"));
  EXPECT_THAT(words(kPageTime - absl::Hours(24 * 20)),
              HasSubstr("Used on 3 November 2026"));
}

TEST(MyConnectionsPageTest, AdmitsWhatTheProviderCannotCutOff) {
  ConnectionCard card = Google();
  card.uses[0].could_also = {"Read your private channels"};
  std::string html = RenderMyConnections(Mine({card}));
  EXPECT_THAT(html,
              HasSubstr("Google cannot limit this further. See Details."));
  EXPECT_THAT(html, Not(HasSubstr("private channels")));
}

TEST(MyConnectionsPageTest, SaysWhichTaskAnAgentIsLetInFor) {
  ConnectionCard card = Google();
  EXPECT_THAT(RenderMyConnections(Mine({card})), Not(HasSubstr("its task")));
  card.uses[0].task = "offsite-7";
  EXPECT_THAT(RenderMyConnections(Mine({card})),
              HasSubstr("<li>Only for its task “offsite-7”</li>"));
}

TEST(MyConnectionsPageTest, HasNothingToStopWhenNothingIsConnected) {
  std::string html = RenderMyConnections(Mine({}));
  EXPECT_THAT(html, HasSubstr("No account is connected."));
  EXPECT_THAT(html, Not(HasSubstr("Stop everything")));
}

TEST(ConnectionPageTest, ShowsAllAboutOneAccount) {
  ConnectionPage page;
  page.frame = TestFrame();
  page.now = kPageTime;
  page.form = {"/me/c-1", "csrf-1"};
  page.connection = Google();
  page.connection.uses[0].could_also = {"Read your private channels"};
  page.connected = kPageTime - absl::Hours(24);
  page.first_agent = "Calendar Bot";
  page.renewed = kPageTime;
  page.granted = {SeeEvents(), ChangeEvents()};
  page.provider_host = "accounts.google.com";
  page.activity.lines = {{.time = kPageTime,
                          .what = "Got a key",
                          .who = "Calendar Bot",
                          .provider = "Google",
                          .account = "ana@acme.example",
                          .scopes = {SeeEvents()},
                          .purpose = "Plan the offsite",
                          .outcome = ""}};
  page.activity.older_link = "/me/c-1?before=7";
  page.activity.csv_link = "/me/c-1/activity.csv";
  std::string html = RenderConnection(page);
  for (const char* words :
       {"<h1>ana@acme.example at Google</h1>", "22 November 2026",
        "Because Calendar Bot asked", "Read your private channels",
        "name=\"agent\" value=\"calendar-bot\"",
        "value=\"remove_agent\" aria-label=\"Remove: Calendar Bot\">Remove<",
        "Add and change events", "calendar.events.readonly",
        "<strong>Got a key</strong>", "<blockquote>“Plan the offsite”",
        "23 November 2026, 14:32 UTC", "href=\"/me/c-1?before=7\">Older</a>",
        "href=\"/me/c-1/activity.csv\">Download as CSV</a>",
        "accounts.google.com"}) {
    EXPECT_THAT(html, HasSubstr(words));
  }
  EXPECT_GT(html.find("calendar.events.readonly"), html.find("<details>"));
}

TEST(ConnectionPageTest, OffersNothingForWhatIsDisconnected) {
  ConnectionPage page;
  page.frame = TestFrame();
  page.now = kPageTime;
  page.form = {"/me/c-1", "csrf-1"};
  page.connection = Google();
  page.connection.state = CardState::kDisconnected;
  page.connection.uses.clear();
  std::string html = RenderConnection(page);
  EXPECT_THAT(html, HasSubstr("Disconnected<"));
  EXPECT_THAT(html, HasSubstr("Nothing happened here in the last 90 days."));
  EXPECT_THAT(html, Not(HasSubstr("<button")));
  EXPECT_THAT(html, Not(HasSubstr("/disconnect")));
}

}  // namespace
}  // namespace tokenvault
