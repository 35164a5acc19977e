#include <gtest/gtest.h>

#include <utility>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

TEST_P(StoreConformance, KeepsWhatWasCommittedAndNothingElse) {
  if (!GetParam().outlives_its_handle) {
    GTEST_SKIP() << GetParam().name << " is gone when it is closed";
  }
  ASSERT_THAT(Insert(SampleConnection(), SampleSession()), IsOk());
  ASSERT_THAT(Update(SampleConnection()), IsOk());
  ASSERT_THAT(Append(SampleEntry("kept")), IsOk());
  ASSERT_THAT(Remove(WriteBatch::RemoveSession{SampleSession().id_hash}),
              IsOk());
  WriteBatch failing;
  failing.Insert(SampleFlow());
  failing.Update(SampleConnection());
  ASSERT_FALSE(store().Commit(std::move(failing)).ok());

  Reopen();

  EXPECT_EQ(
      store().GetConnection(TenantId(kTenant), ConnectionId("c1"))->version,
      SampleConnection().version + 1);
  EXPECT_EQ(AllEntries().at(0).leaf, "kept");
  EXPECT_THAT(store().GetSession(SampleSession().id_hash).status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetFlow(SampleFlow().state_hash).status(),
              HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, NumbersOnAfterReopening) {
  if (!GetParam().outlives_its_handle) {
    GTEST_SKIP() << GetParam().name << " is gone when it is closed";
  }
  ASSERT_THAT(Append(SampleEntry()), IsOk());
  Reopen();
  ASSERT_THAT(Append(SampleEntry()), IsOk());
  EXPECT_EQ(AllEntries().back().sequence, 2u);
}

TEST_P(StoreConformance, CommitsWhatIsQueuedWhenItCloses) {
  if (!GetParam().outlives_its_handle) {
    GTEST_SKIP() << GetParam().name << " is gone when it is closed";
  }
  Outcomes outcomes(300);
  for (int i = 0; i < 300; ++i) {
    WriteBatch batch;
    batch.Append(SampleEntry());
    store().Commit(std::move(batch), outcomes.Next(i));
  }
  Reopen();
  outcomes.Wait();
  EXPECT_EQ(AllEntries().size(), 300u);
}

}  // namespace
}  // namespace tokenvault
