#include "vault/activity.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Actor = ActivityEntry::Actor;

class ActivityTest : public ::testing::Test {
 protected:
  // What calendar-bot did, unless the test says otherwise.
  AuditEvent Event(absl::string_view kind) {
    AuditEvent event = EventAbout(connection_, kind, "agents/calendar-bot");
    event.scopes = ReadCalendar();
    event.purpose = "Plan the offsite";
    return event;
  }
  void Write(const AuditEvent& event) {
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, world_.clock.Now()));
    ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  }
  Activity::Page List(const ConnectionId& connection = {}, uint64_t before = 0,
                      int limit = 50) {
    auto page = activity_.List(connection_.tenant, connection_.user, connection,
                               before, limit);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? *std::move(page) : Activity::Page();
  }
  UserId Ben() const { return world_.UserOf("acme", "ben"); }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
  Activity activity_{world_.clock, *world_.store};
};

TEST_F(ActivityTest, TellsWhatAnAgentDidAndWhy) {
  AuditEvent event = Event(audit_kind::kTokenGranted);
  event.token_id = "t-1";
  Write(event);
  const Activity::Page page = List();
  ASSERT_THAT(page.entries, SizeIs(1));
  const ActivityEntry& entry = page.entries[0];
  EXPECT_EQ(entry.kind, "token.granted");
  EXPECT_EQ(entry.time, world_.clock.Now());
  EXPECT_EQ(entry.actor, Actor::kAgent);
  EXPECT_EQ(entry.agent, AgentId("calendar-bot"));
  EXPECT_EQ(entry.provider, connection_.provider);
  EXPECT_EQ(entry.connection, connection_.id);
  EXPECT_EQ(entry.scopes, ReadCalendar());
  EXPECT_EQ(entry.purpose, "Plan the offsite");
  EXPECT_EQ(entry.outcome, "ok");
  EXPECT_EQ(entry.token_id, "t-1");
}

TEST_F(ActivityTest, TellsWhoDidIt) {
  for (const std::string& actor :
       {"users/" + connection_.user.value, std::string("operator"),
        std::string("vault"), std::string("browser"), "users/" + Ben().value}) {
    AuditEvent event = Event(audit_kind::kConnectionChanged);
    event.actor = actor;
    Write(event);
  }
  EXPECT_THAT(List().entries,
              ElementsAre(Field(&ActivityEntry::actor, Actor::kSomeoneElse),
                          Field(&ActivityEntry::actor, Actor::kSomeoneElse),
                          Field(&ActivityEntry::actor, Actor::kVault),
                          Field(&ActivityEntry::actor, Actor::kOperator),
                          Field(&ActivityEntry::actor, Actor::kPerson)));
}

TEST_F(ActivityTest, TellsNothingOfWhatConcernsOthers) {
  AuditEvent bens = Event(audit_kind::kTokenGranted);
  bens.user = Ben();
  Write(bens);
  bens.tenant = TenantId("globex");
  bens.user = connection_.user;
  Write(bens);
  EXPECT_THAT(List().entries, IsEmpty());
}

TEST_F(ActivityTest, TellsOnlyThatALinkOfAnotherWasOpened) {
  AuditEvent event = Event(audit_kind::kConnectUserMismatch);
  event.user = Ben();
  event.actor = "users/" + connection_.user.value;
  Write(event);
  const Activity::Page page = List();
  ASSERT_THAT(page.entries, SizeIs(1));
  EXPECT_EQ(page.entries[0].kind, "connect.user_mismatch");
  EXPECT_EQ(page.entries[0].actor, Actor::kPerson);
  EXPECT_TRUE(page.entries[0].provider.empty());
  EXPECT_TRUE(page.entries[0].connection.empty());
  EXPECT_TRUE(page.entries[0].scopes.empty());
  EXPECT_THAT(page.entries[0].purpose, IsEmpty());
}

TEST_F(ActivityTest, GoesBackPageByPageToTheEnd) {
  for (int i = 0; i < 5; ++i) Write(Event(audit_kind::kTokenGranted));
  Activity::Page page = List({}, 0, 2);
  ASSERT_THAT(page.entries, SizeIs(2));
  EXPECT_GT(page.entries[0].sequence, page.entries[1].sequence);
  uint64_t last = page.entries[1].sequence;
  page = List({}, page.older, 2);
  ASSERT_THAT(page.entries, SizeIs(2));
  EXPECT_EQ(page.entries[0].sequence, last - 1);
  page = List({}, page.older, 2);
  EXPECT_THAT(page.entries, SizeIs(1));
  EXPECT_EQ(page.older, 0u);
}

TEST_F(ActivityTest, KeepsToOneConnectionAndToNinetyDays) {
  Write(Event(audit_kind::kTokenGranted));
  AuditEvent other = Event(audit_kind::kTokenDenied);
  other.connection = ConnectionId("other");
  Write(other);
  EXPECT_THAT(List(connection_.id).entries, SizeIs(1));
  world_.clock.Advance(Activity::kSpan);
  EXPECT_THAT(List().entries, SizeIs(2));
  world_.clock.Advance(absl::Seconds(1));
  EXPECT_THAT(List().entries, IsEmpty());
}

TEST_F(ActivityTest, ShowsALeafThatDoesNotParseAsHavingHappened) {
  AuditEntry entry =
      MakeAuditEntry(Event(audit_kind::kTokenGranted), world_.clock.Now());
  const size_t cut = entry.leaf.rfind('}');
  entry.leaf = entry.leaf.substr(0, cut);
  WriteBatch batch;
  batch.Append(entry);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  const Activity::Page page = List();
  ASSERT_THAT(page.entries, SizeIs(1));
  EXPECT_EQ(page.entries[0].kind, "token.granted");
  EXPECT_THAT(page.entries[0].purpose, IsEmpty());
}

}  // namespace
}  // namespace tokenvault
