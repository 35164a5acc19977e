// What people approve, and what policy remembers.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const TenantId& Ours() {
  static const auto* const kId = new TenantId(kTenant);
  return *kId;
}

std::vector<std::string> IdsOf(
    const absl::StatusOr<std::vector<AskedApproval>>& asked) {
  std::vector<std::string> ids;
  if (!asked.ok()) return {asked.status().ToString()};
  for (const AskedApproval& one : *asked) ids.push_back(one.approval.id.value);
  return ids;
}

WriteBatch::Spend OneOf(int64_t most, absl::Time window_start) {
  return {Ours(),         "a-few", AgentId("bot"), UserId("u-1"), window_start,
          absl::Hours(1), most};
}

absl::Status Count(Store& store, WriteBatch::Spend token) {
  WriteBatch batch;
  batch.Count(std::move(token));
  return store.Commit(std::move(batch));
}

absl::Status Uncount(Store& store, WriteBatch::Spend token) {
  WriteBatch batch;
  batch.Uncount(std::move(token));
  return store.Commit(std::move(batch));
}

int64_t Used(const Store& store) {
  auto use = store.GetPolicyUse(Ours(), "a-few", AgentId("bot"), UserId("u-1"));
  return use.ok() ? use->used : -1;
}

TEST_P(StoreConformance, KeepsAnApprovalWithItsQuestion) {
  const Interaction question = SampleInteraction();
  const Approval approval = SampleApproval();
  ASSERT_THAT(Insert(question, approval), IsOk());
  auto found = store().GetApproval(Ours(), approval.id);
  ASSERT_THAT(found.status(), IsOk());
  EXPECT_EQ(Fields(found->question), Fields(question));
  EXPECT_EQ(Fields(found->approval), Fields(approval));
  EXPECT_THAT(store().GetApproval(TenantId("other"), approval.id).status(),
              HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, RefusesAnApprovalWithoutItsQuestion) {
  EXPECT_THAT(Insert(SampleApproval()), HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, LetsOneOfTwoSpendAnApproval) {
  ASSERT_THAT(Insert(SampleInteraction(), SampleApproval()), IsOk());
  Approval spent = SampleApproval();
  spent.end_time = At(16);
  EXPECT_THAT(Update(spent), IsOk());
  EXPECT_THAT(Update(spent), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_EQ(store().GetApproval(Ours(), spent.id)->approval.end_time, At(16));
}

TEST_P(StoreConformance, RemovesAnApprovalAndItsNoticesWithItsQuestion) {
  ASSERT_THAT(Insert(SampleInteraction(), SampleApproval(), SampleNotice()),
              IsOk());
  ASSERT_THAT(Remove(WriteBatch::RemoveVisits{Ours(), UserId("u-1")}), IsOk());
  EXPECT_THAT(store().GetApproval(Ours(), SampleApproval().id).status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(*store().ListNotices(10), IsEmpty());
}

TEST_P(StoreConformance, ListsApprovalsNewestFirstByWhatIsAsked) {
  for (const char* id : {"i1", "i2", "i3"}) {
    ASSERT_THAT(Insert(SampleInteraction(id), SampleApproval(id)), IsOk());
  }
  Interaction bens = SampleInteraction("i4");
  Approval of_ben = SampleApproval("i4");
  of_ben.user = UserId("u-2");
  of_ben.agent = AgentId("other");
  of_ben.request_hash = Bytes('z');
  of_ben.create_time = At(99);
  bens.state = InteractionState::kDenied;
  ASSERT_THAT(Insert(bens, of_ben), IsOk());
  ApprovalFilter all;
  all.tenant = Ours();
  EXPECT_THAT(IdsOf(store().ListApprovals(all, InteractionId(), 10)),
              ElementsAre("i4", "i3", "i2", "i1"));
  EXPECT_THAT(IdsOf(store().ListApprovals(all, InteractionId("i3"), 1)),
              ElementsAre("i2"));
  ApprovalFilter filter = all;
  filter.user = UserId("u-2");
  EXPECT_THAT(IdsOf(store().ListApprovals(filter, InteractionId(), 10)),
              ElementsAre("i4"));
  filter = all;
  filter.agent = AgentId("bot");
  EXPECT_THAT(IdsOf(store().ListApprovals(filter, InteractionId(), 10)),
              SizeIs(3));
  filter = all;
  filter.request_hash = Bytes('z');
  EXPECT_THAT(IdsOf(store().ListApprovals(filter, InteractionId(), 10)),
              ElementsAre("i4"));
  filter = all;
  filter.state = InteractionState::kDenied;
  EXPECT_THAT(IdsOf(store().ListApprovals(filter, InteractionId(), 10)),
              ElementsAre("i4"));
  filter = all;
  filter.since = At(50);
  EXPECT_THAT(IdsOf(store().ListApprovals(filter, InteractionId(), 10)),
              ElementsAre("i4"));
  filter = all;
  filter.tenant = TenantId("other");
  EXPECT_THAT(IdsOf(store().ListApprovals(filter, InteractionId(), 10)),
              IsEmpty());
}

TEST_P(StoreConformance, ListsNoticesByWhenTheyAreTriedNext) {
  Notice later = SampleNotice();
  Notice sooner = SampleNotice();
  sooner.channel = "webhook";
  sooner.next_try = At(3);
  ASSERT_THAT(Insert(SampleInteraction(), SampleApproval(), later, sooner),
              IsOk());
  auto notices = store().ListNotices(10);
  ASSERT_THAT(*notices, SizeIs(2));
  EXPECT_EQ(Fields((*notices)[0]), Fields(sooner));
  EXPECT_EQ(Fields((*notices)[1]), Fields(later));
  EXPECT_THAT(*store().ListNotices(1), SizeIs(1));
  sooner.next_try = At(500);
  ASSERT_THAT(Update(sooner), IsOk());
  EXPECT_EQ((*store().ListNotices(1))[0].channel, "email");
  const WriteBatch::RemoveNotice gone{Ours(), later.approval, "email"};
  ASSERT_THAT(Remove(gone), IsOk());
  ASSERT_THAT(Remove(gone), IsOk());
  EXPECT_THAT(*store().ListNotices(10), SizeIs(1));
}

TEST_P(StoreConformance, CountsUpToTheBudgetOfAWindow) {
  EXPECT_EQ(Used(store()), -1);
  EXPECT_THAT(Count(store(), OneOf(2, At(100))), IsOk());
  EXPECT_THAT(Count(store(), OneOf(2, At(100))), IsOk());
  EXPECT_THAT(Count(store(), OneOf(2, At(100))),
              HasErrorReason("BUDGET_SPENT"));
  EXPECT_EQ(Used(store()), 2);
  EXPECT_THAT(Count(store(), OneOf(2, At(200))), IsOk());
  EXPECT_EQ(Used(store()), 1);
}

TEST_P(StoreConformance, OpensNoNewWindowForAClockThatWasSetBack) {
  ASSERT_THAT(Count(store(), OneOf(1, At(200))), IsOk());
  EXPECT_THAT(Count(store(), OneOf(1, At(100))),
              HasErrorReason("BUDGET_SPENT"));
  EXPECT_THAT(Count(store(), OneOf(2, At(100))), IsOk());
  auto use =
      store().GetPolicyUse(Ours(), "a-few", AgentId("bot"), UserId("u-1"));
  EXPECT_EQ(use->window_start, At(200));
}

TEST_P(StoreConformance, TakesBackWhatWasCounted) {
  ASSERT_THAT(Count(store(), OneOf(2, At(100))), IsOk());
  ASSERT_THAT(Count(store(), OneOf(2, At(100))), IsOk());
  EXPECT_THAT(Uncount(store(), OneOf(2, At(100))), IsOk());
  EXPECT_EQ(Used(store()), 1);
  // Neither of a window that is over, nor more than were counted.
  EXPECT_THAT(Uncount(store(), OneOf(2, At(50))), IsOk());
  EXPECT_EQ(Used(store()), 1);
  EXPECT_THAT(Uncount(store(), OneOf(2, At(100))), IsOk());
  EXPECT_THAT(Uncount(store(), OneOf(2, At(100))), IsOk());
  EXPECT_EQ(Used(store()), 0);
  WriteBatch::Spend unknown = OneOf(2, At(100));
  unknown.rule = "another";
  EXPECT_THAT(Uncount(store(), unknown), IsOk());
}

TEST_P(StoreConformance, RemembersABudgetWhenItIsOpenedAgain) {
  if (!GetParam().outlives_its_handle) GTEST_SKIP() << "in memory";
  ASSERT_THAT(Count(store(), OneOf(1, At(100))), IsOk());
  Reopen();
  EXPECT_THAT(Count(store(), OneOf(1, At(100))),
              HasErrorReason("BUDGET_SPENT"));
}

TEST_P(StoreConformance, WritesNothingOfABatchWhoseBudgetIsSpent) {
  ASSERT_THAT(Count(store(), OneOf(1, At(100))), IsOk());
  WriteBatch batch;
  batch.Append(SampleEntry());
  batch.Count(OneOf(1, At(100)));
  EXPECT_THAT(store().Commit(std::move(batch)), HasErrorReason("BUDGET_SPENT"));
  EXPECT_THAT(AllEntries(), IsEmpty());
}

TEST_P(StoreConformance, KeepsStopsUntilTheyAreLifted) {
  const Stop agent = SampleStop();
  Stop all;
  all.create_time = At(1);
  ASSERT_THAT(Insert(agent, all), IsOk());
  EXPECT_THAT(Insert(agent), HasErrorReason("ALREADY_EXISTS"));
  auto stops = store().ListStops();
  ASSERT_THAT(*stops, SizeIs(2));
  EXPECT_EQ(Fields((*stops)[0]), Fields(all));
  EXPECT_EQ(Fields((*stops)[1]), Fields(agent));
  const WriteBatch::RemoveStop lifted{agent.kind, agent.tenant, agent.name};
  EXPECT_THAT(Remove(lifted), IsOk());
  EXPECT_THAT(Remove(lifted), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(*store().ListStops(), SizeIs(1));
}

TEST_P(StoreConformance, ForgetsWhatItCountedOfAPersonWhoIsErased) {
  ASSERT_THAT(Count(store(), OneOf(9, At(100))), IsOk());
  Stop theirs = SampleStop();
  theirs.kind = StopKind::kUser;
  theirs.name = "u-1";
  ASSERT_THAT(Insert(theirs), IsOk());
  ASSERT_THAT(Remove(WriteBatch::RemovePerson{Ours(), UserId("u-1"), {}}),
              IsOk());
  EXPECT_EQ(Used(store()), -1);
  EXPECT_THAT(*store().ListStops(), IsEmpty());
}

}  // namespace
}  // namespace tokenvault
