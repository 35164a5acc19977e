// What is counted for who watches the whole vault.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

Connection OneAt(const std::string& id, const std::string& provider,
                 ConnectionState state) {
  Connection connection = SampleConnection(id);
  connection.provider = ProviderId(provider);
  connection.state = state;
  return connection;
}

PeopleCount PeopleOf(const Store& store, const std::string& agent,
                     absl::Time now = At(0), int limit = 10) {
  auto count =
      store.CountPeopleOf(TenantId(kTenant), AgentId(agent), now, limit);
  return count.ok() ? *count : PeopleCount{-1, false};
}

TEST_P(StoreConformance, CountsTheConnectionsOfEachProvider) {
  Connection elsewhere = OneAt("c1", "google", ConnectionState::kActive);
  elsewhere.tenant = TenantId("other");
  Connection paused = OneAt("c2", "google", ConnectionState::kActive);
  paused.paused = true;
  ASSERT_THAT(Insert(elsewhere, paused,
                     OneAt("c3", "google", ConnectionState::kNeedsReconnect),
                     OneAt("c4", "github", ConnectionState::kActive),
                     OneAt("c5", "github", ConnectionState::kRevoked),
                     OneAt("c6", "gone", ConnectionState::kRevoked)),
              IsOk());
  EXPECT_THAT(*store().CountConnections(),
              ElementsAre(Pair(ProviderId("github"), ConnectionCounts{1, 0}),
                          Pair(ProviderId("google"), ConnectionCounts{2, 1})));
}

TEST_P(StoreConformance, CountsWhomAnAgentMayReach) {
  Connection of_ben = OneAt("c3", "google", ConnectionState::kActive);
  of_ben.user = UserId("u-2");
  AgentGrant over = SampleGrant("c4");
  over.end_time = At(-1);
  Connection of_cleo = OneAt("c4", "google", ConnectionState::kActive);
  of_cleo.user = UserId("u-3");
  Connection ended = OneAt("c5", "google", ConnectionState::kRevoked);
  ended.user = UserId("u-4");
  ASSERT_THAT(Insert(OneAt("c1", "google", ConnectionState::kActive),
                     OneAt("c2", "github", ConnectionState::kNeedsReconnect),
                     of_ben, of_cleo, ended),
              IsOk());
  ASSERT_THAT(Insert(SampleGrant("c1"), SampleGrant("c2"), SampleGrant("c3"),
                     over, SampleGrant("c5"), SampleGrant("c1", "other")),
              IsOk());
  EXPECT_EQ(PeopleOf(store(), "bot"), (PeopleCount{2, false}));
  EXPECT_EQ(PeopleOf(store(), "other"), (PeopleCount{1, false}));
  EXPECT_EQ(PeopleOf(store(), "nobody"), (PeopleCount{0, false}));
  EXPECT_EQ(PeopleOf(store(), "bot", At(100)), (PeopleCount{0, false}));
}

TEST_P(StoreConformance, CountsPeopleNoFurtherThanItIsTold) {
  for (const std::string id : {"1", "2", "3"}) {
    Connection connection = OneAt(id, "google", ConnectionState::kActive);
    connection.user = UserId("u-" + id);
    ASSERT_THAT(Insert(connection, SampleGrant(id)), IsOk());
  }
  EXPECT_EQ(PeopleOf(store(), "bot", At(0), 2), (PeopleCount{2, true}));
  EXPECT_EQ(PeopleOf(store(), "bot", At(0), 4), (PeopleCount{3, false}));
}

TEST_P(StoreConformance, ListsTheApprovalsThatWaitForAnAnswer) {
  Interaction answered = SampleInteraction("i2");
  answered.state = InteractionState::kCompleted;
  Interaction late = SampleInteraction("i3");
  late.expire_time = At(50);
  ASSERT_THAT(Insert(SampleInteraction("i1"), SampleApproval("i1")), IsOk());
  ASSERT_THAT(Insert(answered, SampleApproval("i2")), IsOk());
  ASSERT_THAT(Insert(late, SampleApproval("i3")), IsOk());
  // A question that is none.
  ASSERT_THAT(Insert(SampleInteraction("i4")), IsOk());
  const TenantId ours(kTenant);
  EXPECT_THAT(*store().ListOpenApprovals(ours, At(0), 10), SizeIs(2));
  const auto open = store().ListOpenApprovals(ours, At(50), 10);
  ASSERT_THAT(*open, SizeIs(1));
  EXPECT_EQ(Fields(open->front().question), Fields(SampleInteraction("i1")));
  EXPECT_EQ(Fields(open->front().approval), Fields(SampleApproval("i1")));
  EXPECT_THAT(*store().ListOpenApprovals(ours, At(0), 1), SizeIs(1));
  EXPECT_THAT(*store().ListOpenApprovals(TenantId("other"), At(0), 10),
              IsEmpty());
}

}  // namespace
}  // namespace tokenvault
