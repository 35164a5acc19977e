#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

constexpr int kThreads = 8;

// Runs `body(i)` on kThreads threads at once.
template <typename Body>
void InParallel(Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST_P(StoreConformance, GivesALeaseToOneOfMany) {
  ASSERT_THAT(Insert(SampleConnection()), IsOk());
  constexpr int kRounds = 10;
  std::atomic<int> won{0}, lost{0};
  for (int round = 0; round < kRounds; ++round) {
    auto seen = store().GetConnection(TenantId(kTenant), ConnectionId("c1"));
    ASSERT_THAT(seen.status(), IsOk());
    InParallel([&](int i) {
      Connection mine = *seen;
      mine.lease_owner = std::to_string(i);
      ++mine.lease_epoch;
      absl::Status status = Update(mine);
      if (status.ok()) ++won;
      if (HasReason(status, "VERSION_CONFLICT")) ++lost;
    });
  }
  EXPECT_EQ(won, kRounds);
  EXPECT_EQ(lost, kRounds * (kThreads - 1));
}

TEST_P(StoreConformance, LetsOneOfManyInsertAKey) {
  std::atomic<int> won{0}, lost{0};
  InParallel([&](int) {
    absl::Status status = Insert(SampleFlow());
    if (status.ok()) ++won;
    if (HasReason(status, "ALREADY_EXISTS")) ++lost;
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, kThreads - 1);
}

TEST_P(StoreConformance, LetsOneOfManyUseWhatIsForOneUse) {
  ASSERT_THAT(Insert(SampleFlow()), IsOk());
  std::atomic<int> won{0}, lost{0};
  InParallel([&](int) {
    absl::Status status =
        Remove(WriteBatch::RemoveFlow{SampleFlow().state_hash});
    if (status.ok()) ++won;
    if (HasReason(status, "NOT_FOUND")) ++lost;
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, kThreads - 1);
}

TEST_P(StoreConformance, ReadsWhatItWroteBeforeOnEveryThread) {
  InParallel([&](int i) {
    for (int n = 0; n < 20; ++n) {
      Connection mine =
          SampleConnection(std::to_string(i) + "-" + std::to_string(n));
      ASSERT_THAT(Insert(mine), IsOk());
      ASSERT_THAT(store().GetConnection(mine.tenant, mine.id).status(), IsOk());
    }
  });
}

// A batch that writes two rows is never seen half done.
TEST_P(StoreConformance, ShowsWholeBatchesToReaders) {
  ASSERT_THAT(Append(SampleEntry()), IsOk());
  std::atomic<bool> stop{false};
  std::atomic<int> odd{0}, failed{0}, reads{0};
  std::thread reader([&] {
    while (!stop) {
      auto entries = store().ListAuditEntries({}, 1 << 20);
      if (!entries.ok()) {
        ++failed;
      } else if (entries->size() % 2 != 1) {
        ++odd;
      }
      ++reads;
    }
  });
  for (int i = 0; i < 100 || reads < 10; ++i) {
    WriteBatch batch;
    batch.Append(SampleEntry("left"));
    batch.Append(SampleEntry("right"));
    EXPECT_THAT(store().Commit(std::move(batch)), IsOk());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(failed, 0);
}

TEST_P(StoreConformance, AnswersEachOfManyCommitsOnceAndInOrder) {
  constexpr int kCommits = 1000;
  Outcomes outcomes(kCommits);
  for (int i = 0; i < kCommits; ++i) {
    WriteBatch batch;
    batch.Append(SampleEntry(std::to_string(i)));
    store().Commit(std::move(batch), outcomes.Next(i));
  }
  auto arrived = outcomes.Wait();
  // Anything that came twice would have come before this one.
  ASSERT_THAT(store().Commit(WriteBatch()), IsOk());
  arrived = outcomes.Wait();
  ASSERT_EQ(arrived.size(), static_cast<size_t>(kCommits));
  std::vector<AuditEntry> entries = AllEntries();
  ASSERT_EQ(entries.size(), static_cast<size_t>(kCommits));
  for (int i = 0; i < kCommits; ++i) {
    ASSERT_EQ(arrived[i].first, i);
    ASSERT_THAT(arrived[i].second, IsOk());
    ASSERT_EQ(entries[i].sequence, static_cast<uint64_t>(i + 1));
    ASSERT_EQ(entries[i].leaf, std::to_string(i));
  }
}

TEST_P(StoreConformance, NumbersWithoutGapsWhenManyAppendAndSomeFail) {
  std::atomic<uint64_t> appended{0};
  InParallel([&](int i) {
    for (int n = 0; n < 50; ++n) {
      WriteBatch batch;
      batch.Append(SampleEntry());
      if ((i + n) % 3 == 0) batch.Remove(WriteBatch::RemoveFlow{"none"});
      if (store().Commit(std::move(batch)).ok()) ++appended;
    }
  });
  std::vector<AuditEntry> entries = AllEntries();
  ASSERT_EQ(entries.size(), appended);
  EXPECT_EQ(entries.back().sequence, appended);
}

TEST_P(StoreConformance, SharesOneDurableCommitAmongMany) {
  constexpr int kCommits = 1000;
  auto before = store().GetStatus();
  Outcomes outcomes(kCommits);
  {
    HeldWriter held(store());
    for (int i = 0; i < kCommits; ++i) {
      WriteBatch batch;
      batch.Append(SampleEntry());
      store().Commit(std::move(batch), outcomes.Next(i));
    }
  }
  outcomes.Wait();
  ASSERT_THAT(store().Commit(WriteBatch()), IsOk());
  auto after = store().GetStatus();
  ASSERT_THAT(after.status(), IsOk());
  EXPECT_GE(after->committed_batches - before->committed_batches, kCommits);
  EXPECT_LT(after->commit_transactions - before->commit_transactions,
            kCommits / 50);
}

}  // namespace
}  // namespace tokenvault
