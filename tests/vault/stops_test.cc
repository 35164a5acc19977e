#include "vault/stops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/await.h"
#include "base/errors.h"
#include "tests/vault/vault_world.h"
#include "vault/live_tokens.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StopsTest : public ::testing::Test {
 protected:
  StopsTest() : connection_(world_.ConnectCalendar()) {}

  Stops::Order OrderFor(StopKind kind) const {
    Stops::Order order;
    order.stop.kind = kind;
    order.stop.why = "it got out";
    order.actor = "operator";
    order.request_id = "r-1";
    switch (kind) {
      case StopKind::kVault:
        break;
      case StopKind::kAgent:
        order.stop.tenant = connection_.tenant;
        order.stop.name = "calendar-bot";
        break;
      case StopKind::kUser:
        order.stop.tenant = connection_.tenant;
        order.stop.name = connection_.user.value;
        break;
      case StopKind::kConnection:
        order.stop.tenant = connection_.tenant;
        order.stop.name = connection_.id.value;
        order.user = connection_.user;
        order.provider = connection_.provider;
        break;
      case StopKind::kProvider:
        order.stop.name = "calendar";
        break;
    }
    return order;
  }
  absl::Status Add(StopKind kind) {
    return Await([&](absl::AnyInvocable<void(absl::Status)> done) {
      world_.stops->Add(OrderFor(kind), std::move(done));
    });
  }
  absl::Status Lift(StopKind kind) {
    return Await([&](absl::AnyInvocable<void(absl::Status)> done) {
      world_.stops->Lift(OrderFor(kind), std::move(done));
    });
  }
  // calendar-bot has Ana's token, and it is remembered.
  void GiveOne() {
    world_.AnswerToken("at-1", "rt-2", ReadCalendar());
    ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  }
  bool IsUsable() {
    auto usable = world_.broker->access().ListUsable(
        connection_.tenant, AgentId("calendar-bot"), connection_.user,
        ConnectionId(), 10, world_.clock.Now());
    EXPECT_TRUE(usable.ok()) << usable.status();
    return !usable->empty();
  }
  LiveTokens Live(AuditFilter which = {}) {
    auto live = FindLiveTokens(*world_.store, *world_.directory(),
                               std::move(which), world_.clock.Now());
    EXPECT_TRUE(live.ok()) << live.status();
    return *live;
  }

  VaultWorld world_;
  const Connection connection_;
};

class EachStopTest : public StopsTest,
                     public ::testing::WithParamInterface<StopKind> {};

TEST_P(EachStopTest, EndsWhatIsRememberedAndCachedUntilItIsLifted) {
  GiveOne();
  EXPECT_TRUE(IsUsable());
  ASSERT_TRUE(Add(GetParam()).ok());
  absl::StatusOr<AccessAnswer> answer = world_.Get(world_.Request());
  EXPECT_EQ(ReasonOf(answer.status()), "ISSUANCE_STOPPED");
  EXPECT_EQ(MetadataOf(answer.status(), "what"), NameOf(GetParam()));
  EXPECT_FALSE(IsUsable());
  world_.broker->ForgetAnswers();
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "ISSUANCE_STOPPED");
  ASSERT_TRUE(Lift(GetParam()).ok());
  answer = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_TRUE(IsUsable());
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_P(EachStopTest, IsWrittenDownAndHoldsInTheNextProcess) {
  ASSERT_TRUE(Add(GetParam()).ok());
  Stops next(world_.clock, *world_.store);
  ASSERT_TRUE(next.Load().ok());
  EXPECT_EQ(ReasonOf(next.Check({connection_.tenant, AgentId("calendar-bot"),
                                 connection_.user, connection_.id,
                                 connection_.provider})),
            "ISSUANCE_STOPPED");
  ASSERT_THAT(next.List(), SizeIs(1));
  EXPECT_EQ(next.List()[0].why, "it got out");
  const std::vector<AuditEntry> leaves = world_.Audit("issuance.stopped");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(R"("actor":"operator")"));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(R"("purpose":"it got out")"));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(R"("request_id":"r-1")"));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(R"("detail":)"));

  ASSERT_TRUE(Lift(GetParam()).ok());
  ASSERT_TRUE(next.Load().ok());
  EXPECT_THAT(next.List(), IsEmpty());
  EXPECT_THAT(world_.Audit("issuance.resumed"), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, EachStopTest,
    ::testing::Values(StopKind::kVault, StopKind::kAgent, StopKind::kUser,
                      StopKind::kConnection, StopKind::kProvider),
    [](const auto& info) { return std::string(NameOf(info.param)); });

TEST_F(StopsTest, LeaveOthersAlone) {
  world_.Connect("acme", "ben", "calendar-bot", "calendar", ReadCalendar());
  ASSERT_TRUE(Add(StopKind::kUser).ok());
  ASSERT_TRUE(Add(StopKind::kConnection).ok());
  AccessRequest request = world_.Request();
  request.user = world_.UserOf("acme", "ben");
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  absl::StatusOr<AccessAnswer> answer = world_.Get(request);
  EXPECT_NE(TokenIn(answer), nullptr) << answer.status();
}

TEST_F(StopsTest, HoldWhatIsBehindItsLeaf) {
  GiveOne();
  world_.store->HoldCommits();
  auto answer = world_.Begin(world_.Request());
  std::promise<absl::Status> stopped;
  world_.stops->Add(OrderFor(StopKind::kVault), [&](absl::Status status) {
    stopped.set_value(std::move(status));
  });
  world_.store->LetCommitsGo();
  EXPECT_EQ(ReasonOf(answer.get().status()), "ISSUANCE_STOPPED");
  EXPECT_TRUE(stopped.get_future().get().ok());
  // The log says that it was granted, and then that nobody got it.
  const std::vector<AuditEntry> granted = world_.Audit("token.granted");
  const std::vector<AuditEntry> denied = world_.Audit("token.denied");
  ASSERT_THAT(granted, SizeIs(2));
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_THAT(denied[0].leaf, HasSubstr(R"("reason":"ISSUANCE_STOPPED")"));
  const std::string token = granted[1].leaf.substr(
      granted[1].leaf.find(R"("token_id":)"), sizeof(R"("token_id":"t-)") + 23);
  EXPECT_THAT(denied[0].leaf, HasSubstr(token));
}

TEST_F(StopsTest, HoldARefreshThatLandsLater) {
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-2"));
  auto first = world_.Begin(world_.Request());
  held.WaitForRequest();
  auto second = world_.Begin(world_.Request());
  ASSERT_TRUE(Add(StopKind::kAgent).ok());
  held.LetGo();
  EXPECT_EQ(ReasonOf(first.get().status()), "ISSUANCE_STOPPED");
  EXPECT_EQ(ReasonOf(second.get().status()), "ISSUANCE_STOPPED");
  EXPECT_THAT(world_.Audit("token.granted"), IsEmpty());
  // What the provider gave is not lost.
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection_)), "rt-2");
  ASSERT_TRUE(Lift(StopKind::kAgent).ok());
  EXPECT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
}

TEST_F(StopsTest, LetRefreshTokensBeKeptAlive) {
  ASSERT_TRUE(Add(StopKind::kVault).ok());
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_TRUE(
      world_.broker->UseRefreshToken(world_.directory(), connection_).ok());
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "ISSUANCE_STOPPED");
}

TEST_F(StopsTest, HoldThoughTheDiskDoesNotTakeThem) {
  GiveOne();
  world_.store->FailCommits(errors::StorageFull(), [](const WriteBatch& batch) {
    return batch.ops().size() == 2;
  });
  EXPECT_EQ(ReasonOf(Add(StopKind::kVault)), "AUDIT_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "ISSUANCE_STOPPED");
  world_.store->FailCommits(absl::OkStatus());
  // Said again, it is written; or it is lifted as it is.
  EXPECT_TRUE(Add(StopKind::kVault).ok());
  EXPECT_THAT(*world_.store->ListStops(), SizeIs(1));
  ASSERT_TRUE(Lift(StopKind::kVault).ok());

  world_.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(Add(StopKind::kVault)), "AUDIT_UNAVAILABLE");
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_TRUE(Lift(StopKind::kVault).ok());
  EXPECT_THAT(world_.stops->List(), IsEmpty());
  EXPECT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
}

TEST_F(StopsTest, HoldUntilTheirEndIsOnDisk) {
  ASSERT_TRUE(Add(StopKind::kVault).ok());
  world_.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(Lift(StopKind::kVault)), "AUDIT_UNAVAILABLE");
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_TRUE(world_.stops->Holds(StopKind::kVault, TenantId(), ""));
}

TEST_F(StopsTest, AreWrittenOnce) {
  ASSERT_TRUE(Add(StopKind::kAgent).ok());
  EXPECT_EQ(ReasonOf(Add(StopKind::kAgent)), "ALREADY_EXISTS");
  EXPECT_THAT(world_.Audit("issuance.stopped"), SizeIs(1));
  EXPECT_EQ(ReasonOf(Lift(StopKind::kUser)), "NOT_FOUND");
  EXPECT_THAT(world_.Audit("issuance.resumed"), IsEmpty());
}

// The commit of an end and that of a new stop, in this order: the end must not
// take from memory what the disk has.
TEST_F(StopsTest, HoldAfterAnEndThatWasUnderWay) {
  ASSERT_TRUE(Add(StopKind::kVault).ok());
  world_.store->HoldCommits();
  std::promise<absl::Status> lifted;
  std::promise<absl::Status> stopped;
  world_.stops->Lift(OrderFor(StopKind::kVault), [&](absl::Status status) {
    lifted.set_value(std::move(status));
  });
  world_.stops->Add(OrderFor(StopKind::kVault), [&](absl::Status status) {
    stopped.set_value(std::move(status));
  });
  world_.store->LetCommitsGo();
  EXPECT_TRUE(lifted.get_future().get().ok());
  EXPECT_TRUE(stopped.get_future().get().ok());
  EXPECT_THAT(*world_.store->ListStops(), SizeIs(1));
  EXPECT_TRUE(world_.stops->Holds(StopKind::kVault, TenantId(), ""));
}

TEST_F(StopsTest, GoWithThePerson) {
  ASSERT_TRUE(Add(StopKind::kUser).ok());
  world_.broker->Forget(connection_.tenant, connection_.user);
  EXPECT_THAT(world_.stops->List(), IsEmpty());
}

TEST_F(StopsTest, TellWhichTokensLiveOn) {
  EXPECT_EQ(Live().count, 0);
  GiveOne();
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  const absl::StatusOr<AccessAnswer> again = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(again), nullptr);
  const AccessToken& token = *TokenIn(again)->token;
  ASSERT_TRUE(Add(StopKind::kVault).ok());

  LiveTokens live = Live();
  EXPECT_TRUE(live.complete);
  EXPECT_EQ(live.count, 1);
  ASSERT_THAT(live.tokens, SizeIs(1));
  EXPECT_EQ(live.tokens[0].agent, "agents/calendar-bot");
  EXPECT_EQ(live.tokens[0].connection, connection_.id);
  EXPECT_EQ(live.tokens[0].provider, connection_.provider);
  EXPECT_EQ(live.tokens[0].token_id, token.token_id);
  EXPECT_THAT(live.tokens[0].scopes, ElementsAre("https://calendar.test/read"));
  // Not before the provider's own end.
  EXPECT_GE(live.tokens[0].expire_time, token.expire_time);
  EXPECT_LE(live.tokens[0].expire_time, token.expire_time + absl::Minutes(1));
  EXPECT_EQ(live.last_expire_time, live.tokens[0].expire_time);

  AuditFilter others;
  others.actor = "agents/mail-bot";
  EXPECT_EQ(Live(others).count, 0);
  AuditFilter anas;
  anas.tenant = connection_.tenant;
  anas.user = connection_.user;
  EXPECT_EQ(Live(anas).count, 1);
  world_.clock.Advance(absl::Hours(1) + absl::Minutes(1));
  EXPECT_EQ(Live().count, 0);
}

TEST_F(StopsTest, NameTheLongestOfManyTokens) {
  for (int i = 0; i < 150; ++i) {
    AuditEvent event;
    event.kind = audit_kind::kTokenGranted;
    event.tenant = connection_.tenant;
    event.actor = "agents/calendar-bot";
    event.token_id = "t-" + std::to_string(i);
    event.expires = world_.clock.Now() + absl::Minutes(1 + i);
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, world_.clock.Now()));
    ASSERT_TRUE(world_.store->Commit(std::move(batch)).ok());
  }
  const LiveTokens live = Live();
  EXPECT_EQ(live.count, 150);
  ASSERT_THAT(live.tokens, SizeIs(100));
  EXPECT_EQ(live.tokens[0].token_id, "t-149");
  EXPECT_EQ(live.tokens[99].token_id, "t-50");
}

}  // namespace
}  // namespace tokenvault
