#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

using testing::ElementsAre;
using testing::Eq;

TEST_P(StoreConformance, RefusesToInsertTheSameKeyTwice) {
  ASSERT_THAT(
      Insert(SampleDeployment(), SampleRootSource(), SampleKek(),
             SampleKekWrap(), SampleDek(), SampleConnection(), SampleGrant(),
             SampleInteraction(), SampleFlow(), SampleSession()),
      IsOk());
  EXPECT_THAT(Insert(SampleDeployment()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleRootSource()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleKek()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleKekWrap()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleDek()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleConnection()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleGrant()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleInteraction()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleFlow()), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Insert(SampleSession()), HasErrorReason("ALREADY_EXISTS"));
}

TEST_P(StoreConformance, NamesTheNounThatExistsAlready) {
  ASSERT_THAT(Insert(SampleConnection()), IsOk());
  EXPECT_EQ(MetadataOf(Insert(SampleConnection()), "noun"), "connection");
}

TEST_P(StoreConformance, KeepsTenantsApart) {
  Connection other = SampleConnection();
  other.tenant = TenantId("other");
  other.account_label = "someone else";
  ASSERT_THAT(Insert(SampleConnection(), other), IsOk());
  auto found = store().GetConnection(TenantId("other"), other.id);
  ASSERT_THAT(found.status(), IsOk());
  EXPECT_EQ(found->account_label, "someone else");
  EXPECT_THAT(store().GetConnection(TenantId("third"), other.id).status(),
              HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, RefusesARowWhoseParentIsMissing) {
  EXPECT_THAT(Insert(SampleGrant()), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(Insert(SampleDek()), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(Insert(SampleKek(), SampleKekWrap()),
              HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, RefusesASecondLinkOfTheSameHash) {
  ASSERT_THAT(Insert(SampleInteraction("i1")), IsOk());
  Interaction other = SampleInteraction("i2");
  other.link_hash = SampleInteraction("i1").link_hash;
  EXPECT_THAT(Insert(other), HasErrorReason("ALREADY_EXISTS"));
}

TEST_P(StoreConformance, LetsManyInteractionsHaveNoLink) {
  Interaction first = SampleInteraction("i1");
  Interaction second = SampleInteraction("i2");
  first.link_hash = second.link_hash = "";
  EXPECT_THAT(Insert(first, second), IsOk());
  EXPECT_THAT(store().FindInteractionByLink("").status(),
              HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, HasOneActiveMasterKeyAtMost) {
  ASSERT_THAT(Insert(SampleKek(1), SampleKek(2, KekState::kPending)), IsOk());
  EXPECT_THAT(Insert(SampleKek(3)), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Update(SampleKek(2)), HasErrorReason("ALREADY_EXISTS"));
}

TEST_P(StoreConformance, MovesTheActiveMasterKeyInOneBatch) {
  ASSERT_THAT(Insert(SampleKek(1), SampleKek(2, KekState::kPending)), IsOk());
  WriteBatch batch;
  batch.Update(SampleKek(1, KekState::kDecryptOnly));
  batch.Update(SampleKek(2, KekState::kActive));
  EXPECT_THAT(store().Commit(std::move(batch)), IsOk());
}

TEST_P(StoreConformance, TakesNoDataKeyUnderAnOlderMasterKey) {
  ASSERT_THAT(Insert(SampleKek(1), SampleKek(2, KekState::kPending),
                     SampleDek("before", 1)),
              IsOk());
  WriteBatch batch;
  batch.Update(SampleKek(1, KekState::kDecryptOnly));
  batch.Update(SampleKek(2, KekState::kActive));
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  EXPECT_THAT(Insert(SampleDek("late", 1)), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Insert(SampleDek("after", 2)), IsOk());
  EXPECT_EQ(*store().CountDeksBefore(2), 1);
}

TEST_P(StoreConformance, RemovesTheWrapsOfOneMasterKey) {
  ASSERT_THAT(Insert(SampleRootSource("a"), SampleRootSource("b"), SampleKek(1),
                     SampleKek(2, KekState::kPending), SampleKekWrap(1, "a"),
                     SampleKekWrap(1, "b"), SampleKekWrap(2, "a")),
              IsOk());
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveKekWraps{1});
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  auto left = store().ListKekWraps();
  ASSERT_THAT(left.status(), IsOk());
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().kek_version, 2u);
}

TEST_P(StoreConformance, ScrubsWhileNobodyReads) {
  ASSERT_THAT(Insert(SampleKek()), IsOk());
  EXPECT_THAT(store().Scrub(), IsOk());
  EXPECT_EQ(store().ListKeks()->size(), 1u);
}

TEST_P(StoreConformance, UpdatesEveryFieldAndCountsTheVersion) {
  Connection before = SampleConnection();
  before.version = 3;
  ASSERT_THAT(Insert(before), IsOk());

  Connection after = before;
  after.user = UserId("u-2");
  after.provider = ProviderId("github");
  after.account_id = "9";
  after.account_label = "bo@example.com";
  after.state = ConnectionState::kRevoked;
  after.state_reason = "";
  after.paused = false;
  after.granted_scopes = {};
  after.sealed_refresh_token = "";
  after.generation = 80;
  after.lease_owner = "";
  after.lease_epoch = 90;
  after.lease_until = absl::InfinitePast();
  after.create_time = At(70);
  after.last_refresh_time = absl::InfinitePast();
  after.access_end_time = absl::InfiniteFuture();
  ASSERT_THAT(Update(after), IsOk());

  auto found = store().GetConnection(after.tenant, after.id);
  ASSERT_THAT(found.status(), IsOk());
  after.version = 4;
  EXPECT_EQ(Fields(*found), Fields(after));
}

TEST_P(StoreConformance, RefusesAnUpdateOfWhatMovedMeanwhile) {
  ASSERT_THAT(
      Insert(SampleRootSource(), SampleKek(), SampleDek(), SampleConnection(),
             SampleGrant(), SampleInteraction(), SampleFlow(), SampleSession()),
      IsOk());
  ASSERT_THAT(Update(SampleKek()), IsOk());
  ASSERT_THAT(Update(SampleDek()), IsOk());
  ASSERT_THAT(Update(SampleConnection()), IsOk());
  ASSERT_THAT(Update(SampleGrant()), IsOk());
  ASSERT_THAT(Update(SampleInteraction()), IsOk());
  ASSERT_THAT(Update(SampleFlow()), IsOk());
  ASSERT_THAT(Update(SampleSession()), IsOk());

  EXPECT_THAT(Update(SampleKek()), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Update(SampleDek()), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Update(SampleConnection()), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Update(SampleGrant()), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Update(SampleInteraction()), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Update(SampleFlow()), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(Update(SampleSession()), HasErrorReason("VERSION_CONFLICT"));
}

TEST_P(StoreConformance, RefusesAnUpdateOfWhatIsGone) {
  EXPECT_THAT(Update(SampleConnection()), HasErrorReason("VERSION_CONFLICT"));
}

TEST_P(StoreConformance, UpdatesARecordRightAfterItsInsert) {
  Connection connection = SampleConnection();
  connection.version = 0;
  ASSERT_THAT(Insert(connection), IsOk());
  EXPECT_THAT(Update(connection), IsOk());
}

TEST_P(StoreConformance, RemovesAFlowOnce) {
  ASSERT_THAT(Insert(SampleFlow("f1"), SampleFlow("f2")), IsOk());
  WriteBatch::RemoveFlow key{SampleFlow("f1").state_hash};
  EXPECT_THAT(Remove(key), IsOk());
  EXPECT_THAT(Remove(key), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetFlow(key.state_hash).status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetFlow(SampleFlow("f2").state_hash).status(), IsOk());
}

TEST_P(StoreConformance, RemovesABackupOnce) {
  ASSERT_THAT(Insert(SampleBackup("b1"), SampleBackup("b2")), IsOk());
  EXPECT_THAT(Insert(SampleBackup("b1")), HasErrorReason("ALREADY_EXISTS"));
  WriteBatch::RemoveBackup key{"b1"};
  EXPECT_THAT(Remove(key), IsOk());
  EXPECT_THAT(Remove(key), HasErrorReason("NOT_FOUND"));
  EXPECT_EQ(store().ListBackups()->size(), 1u);
}

TEST_P(StoreConformance, UpdatesABackupOfThatVersionOnly) {
  ASSERT_THAT(Insert(SampleBackup()), IsOk());
  BackupRecord backup = SampleBackup();
  backup.verify_time = At(99);
  EXPECT_THAT(Update(backup), IsOk());
  EXPECT_THAT(Update(backup), HasErrorReason("VERSION_CONFLICT"));
  EXPECT_EQ(store().ListBackups()->front().verify_time, At(99));
  EXPECT_EQ(store().ListBackups()->front().version, backup.version + 1);
}

TEST_P(StoreConformance, RemovesASessionOnce) {
  ASSERT_THAT(Insert(SampleSession("w1"), SampleSession("w2")), IsOk());
  WriteBatch::RemoveSession key{SampleSession("w1").id_hash};
  EXPECT_THAT(Remove(key), IsOk());
  EXPECT_THAT(Remove(key), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetSession(SampleSession("w2").id_hash).status(), IsOk());
}

TEST_P(StoreConformance, RemovesAllGrantsOfOneConnection) {
  ASSERT_THAT(Insert(SampleConnection("c1"), SampleConnection("c2"),
                     SampleGrant("c1", "bot"), SampleGrant("c1", "cat"),
                     SampleGrant("c2", "bot")),
              IsOk());
  EXPECT_THAT(
      Remove(WriteBatch::RemoveGrants{TenantId(kTenant), ConnectionId("c1")}),
      IsOk());
  EXPECT_THAT(
      store().ListAgentGrants(TenantId(kTenant), ConnectionId("c1"))->size(),
      0u);
  EXPECT_THAT(
      store().ListAgentGrants(TenantId(kTenant), ConnectionId("c2"))->size(),
      1u);
}

TEST_P(StoreConformance, RemovesGrantsWhereThereAreNone) {
  EXPECT_THAT(
      Remove(WriteBatch::RemoveGrants{TenantId("no"), ConnectionId("no")}),
      IsOk());
}

TEST_P(StoreConformance, PurgesWhatExpiredAndNothingElse) {
  OAuthFlow old_flow = SampleFlow("old"), new_flow = SampleFlow("new");
  old_flow.expire_time = At(99);
  new_flow.expire_time = At(100);
  WebSession ended = SampleSession("ended"), idle = SampleSession("idle"),
             live = SampleSession("live");
  ended.idle_expire_time = At(200), ended.expire_time = At(99);
  idle.idle_expire_time = At(99), idle.expire_time = At(200);
  live.idle_expire_time = At(150), live.expire_time = At(200);
  Interaction settled = SampleInteraction("settled"),
              lapsed = SampleInteraction("lapsed"),
              open = SampleInteraction("open"),
              fresh = SampleInteraction("fresh");
  settled.state = InteractionState::kCompleted;
  settled.create_time = lapsed.create_time = open.create_time = At(49);
  lapsed.expire_time = At(99);
  open.expire_time = At(200);
  fresh.state = InteractionState::kDenied;
  fresh.create_time = At(50);
  ASSERT_THAT(Insert(old_flow, new_flow, ended, idle, live, settled, lapsed,
                     open, fresh),
              IsOk());

  WriteBatch batch;
  batch.Purge({At(100), At(50)});
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());

  std::vector<bool> left = {
      store().GetFlow(old_flow.state_hash).ok(),
      store().GetFlow(new_flow.state_hash).ok(),
      store().GetSession(ended.id_hash).ok(),
      store().GetSession(idle.id_hash).ok(),
      store().GetSession(live.id_hash).ok(),
      store().GetInteraction(settled.tenant, settled.id).ok(),
      store().GetInteraction(lapsed.tenant, lapsed.id).ok(),
      store().GetInteraction(open.tenant, open.id).ok(),
      store().GetInteraction(fresh.tenant, fresh.id).ok()};
  EXPECT_THAT(left, ElementsAre(false, true, false, false, true, false, false,
                                true, true));
}

TEST_P(StoreConformance, NumbersAuditEntriesFromOneWithoutGaps) {
  for (const char* leaf : {"a", "b", "c"}) {
    ASSERT_THAT(Append(SampleEntry(leaf)), IsOk());
  }
  std::vector<std::pair<uint64_t, std::string>> seen;
  for (const AuditEntry& entry : AllEntries()) {
    seen.emplace_back(entry.sequence, entry.leaf);
  }
  EXPECT_THAT(seen, ElementsAre(std::pair(1u, "a"), std::pair(2u, "b"),
                                std::pair(3u, "c")));
}

TEST_P(StoreConformance, IgnoresASequenceThatTheCallerBrings) {
  AuditEntry entry = SampleEntry();
  entry.sequence = 77;
  ASSERT_THAT(Append(entry), IsOk());
  EXPECT_EQ(AllEntries().at(0).sequence, 1u);
}

TEST_P(StoreConformance, BurnsNoNumberOnABatchThatFails) {
  ASSERT_THAT(Append(SampleEntry("first")), IsOk());
  WriteBatch failing;
  failing.Append(SampleEntry("never"));
  failing.Update(SampleConnection());
  ASSERT_THAT(store().Commit(std::move(failing)),
              HasErrorReason("VERSION_CONFLICT"));
  ASSERT_THAT(Append(SampleEntry("second")), IsOk());
  std::vector<AuditEntry> entries = AllEntries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].sequence, 2u);
  EXPECT_EQ(entries[1].leaf, "second");
}

TEST_P(StoreConformance, UndoesTheWholeBatchWhenItsLastConditionFails) {
  ASSERT_THAT(Insert(SampleSession()), IsOk());
  WriteBatch batch;
  batch.Insert(SampleConnection());
  batch.Append(SampleEntry());
  batch.Remove(WriteBatch::RemoveSession{SampleSession().id_hash});
  batch.Remove(WriteBatch::RemoveFlow{"not there"});
  ASSERT_THAT(store().Commit(std::move(batch)), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(
      store().GetConnection(TenantId(kTenant), ConnectionId("c1")).status(),
      HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetSession(SampleSession().id_hash).status(), IsOk());
  EXPECT_TRUE(AllEntries().empty());
}

TEST_P(StoreConformance, AppliesLaterOperationsToWhatEarlierOnesDid) {
  Connection connection = SampleConnection();
  WriteBatch batch;
  batch.Insert(connection);
  batch.Update(connection);
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  EXPECT_EQ(store().GetConnection(connection.tenant, connection.id)->version,
            connection.version + 1);
}

TEST_P(StoreConformance, AcceptsAnEmptyBatch) {
  EXPECT_THAT(store().Commit(WriteBatch()), IsOk());
}

TEST_P(StoreConformance, LetsAFailedBatchFailAlone) {
  Outcomes outcomes(3);
  {
    HeldWriter held(store());
    for (int i = 0; i < 3; ++i) {
      WriteBatch batch;
      batch.Append(SampleEntry(std::to_string(i)));
      if (i == 1) batch.Update(SampleConnection());
      store().Commit(std::move(batch), outcomes.Next(i));
    }
  }
  auto arrived = outcomes.Wait();
  EXPECT_THAT(arrived[0].second, IsOk());
  EXPECT_THAT(arrived[1].second, HasErrorReason("VERSION_CONFLICT"));
  EXPECT_THAT(arrived[2].second, IsOk());
  std::vector<AuditEntry> entries = AllEntries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].leaf, "2");
}

TEST_P(StoreConformance, RefusesBatchesBeyondTheQueue) {
  constexpr int kMore = 5000;
  Outcomes outcomes(kMore);
  {
    HeldWriter held(store());
    for (int i = 0; i < kMore; ++i) {
      WriteBatch batch;
      batch.Append(SampleEntry());
      store().Commit(std::move(batch), outcomes.Next(i));
    }
  }
  size_t refused = 0;
  for (const auto& [label, status] : outcomes.Wait()) {
    if (HasReason(status, "RATE_LIMITED")) ++refused;
  }
  EXPECT_GT(refused, 0u);
  EXPECT_THAT(AllEntries().size(), Eq(kMore - refused));
}

}  // namespace
}  // namespace tokenvault
