#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

std::vector<std::string> Ids(
    const absl::StatusOr<std::vector<Connection>>& connections) {
  std::vector<std::string> ids;
  EXPECT_THAT(connections.status(), IsOk());
  if (!connections.ok()) return ids;
  for (const Connection& c : *connections) ids.push_back(c.id.value);
  return ids;
}

std::vector<std::string> Leaves(
    const absl::StatusOr<std::vector<AuditEntry>>& entries) {
  std::vector<std::string> leaves;
  EXPECT_THAT(entries.status(), IsOk());
  if (!entries.ok()) return leaves;
  for (const AuditEntry& e : *entries) leaves.push_back(e.leaf);
  return leaves;
}

// What comes back is what went in, field by field.
template <typename Record>
void ExpectSame(const absl::StatusOr<Record>& found, const Record& wanted) {
  ASSERT_THAT(found.status(), IsOk());
  EXPECT_EQ(Fields(*found), Fields(wanted));
}

TEST_P(StoreConformance, ReadsEveryFieldBack) {
  ASSERT_THAT(
      Insert(SampleDeployment(), SampleRootSource(), SampleKek(),
             SampleKekWrap(), SampleDek(), SampleConnection(), SampleGrant(),
             SampleInteraction(), SampleFlow(), SampleSession()),
      IsOk());
  ASSERT_THAT(Append(SampleEntry("leaf")), IsOk());
  const TenantId tenant(kTenant);

  ExpectSame(store().GetDeployment(), SampleDeployment());
  EXPECT_EQ(Fields(store().ListRootSources()->at(0)),
            Fields(SampleRootSource()));
  EXPECT_EQ(Fields(store().ListKeks()->at(0)), Fields(SampleKek()));
  EXPECT_EQ(Fields(store().ListKekWraps()->at(0)), Fields(SampleKekWrap()));
  ExpectSame(store().GetDek(tenant, "u-1"), SampleDek());
  ExpectSame(store().GetConnection(tenant, ConnectionId("c1")),
             SampleConnection());
  ExpectSame(store().GetAgentGrant(tenant, ConnectionId("c1"), AgentId("bot")),
             SampleGrant());
  ExpectSame(store().GetInteraction(tenant, InteractionId("i1")),
             SampleInteraction());
  ExpectSame(store().FindInteractionByLink(SampleInteraction().link_hash),
             SampleInteraction());
  ExpectSame(store().GetFlow(SampleFlow().state_hash), SampleFlow());
  ExpectSame(store().GetSession(SampleSession().id_hash), SampleSession());
  AuditEntry entry = SampleEntry("leaf");
  entry.sequence = 1;
  EXPECT_EQ(Fields(AllEntries().at(0)), Fields(entry));
}

TEST_P(StoreConformance, KeepsEmptyFieldsAndTimesThatNeverCome) {
  Connection bare;
  bare.tenant = TenantId(kTenant);
  bare.id = ConnectionId("bare");
  bare.create_time = absl::UnixEpoch() - absl::Seconds(1);
  ASSERT_THAT(Insert(bare), IsOk());
  ExpectSame(store().GetConnection(bare.tenant, bare.id), bare);
}

TEST_P(StoreConformance, SaysNotFoundForEveryMissingKey) {
  const TenantId tenant(kTenant);
  EXPECT_THAT(store().GetDeployment().status(), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetDek(tenant, "").status(), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetConnection(tenant, ConnectionId("x")).status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(
      store().GetAgentGrant(tenant, ConnectionId("x"), AgentId("x")).status(),
      HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetInteraction(tenant, InteractionId("x")).status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().FindInteractionByLink("x").status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetFlow("x").status(), HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(store().GetSession("x").status(), HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, ListsBackupsInTheOrderOfTheirIds) {
  ASSERT_THAT(Insert(SampleBackup("b2"), SampleBackup("b1")), IsOk());
  auto backups = store().ListBackups();
  ASSERT_THAT(backups.status(), IsOk());
  ASSERT_EQ(backups->size(), 2u);
  EXPECT_EQ(Fields(backups->at(0)), Fields(SampleBackup("b1")));
  EXPECT_EQ(backups->at(1).id, "b2");
}

TEST_P(StoreConformance, ListsNothingWhereNothingIs) {
  const TenantId tenant(kTenant);
  EXPECT_THAT(*store().ListRootSources(), IsEmpty());
  EXPECT_THAT(*store().ListKeks(), IsEmpty());
  EXPECT_THAT(*store().ListKekWraps(), IsEmpty());
  EXPECT_THAT(*store().ListBackups(), IsEmpty());
  EXPECT_THAT(*store().ListDeksBefore(9, 9), IsEmpty());
  EXPECT_EQ(*store().CountDeksBefore(9), 0);
  EXPECT_THAT(*store().ListConnections({tenant, {}, {}, {}}, {}, 9), IsEmpty());
  EXPECT_THAT(*store().ListAgentGrants(tenant, ConnectionId("x")), IsEmpty());
  EXPECT_THAT(*store().ListPendingInteractions(
                  tenant, AgentId("x"), UserId("x"), ProviderId("x"), At(0)),
              IsEmpty());
  EXPECT_THAT(*store().ListAuditEntries({}, 9), IsEmpty());
}

TEST_P(StoreConformance, ListsConnectionsInPages) {
  ASSERT_THAT(Insert(SampleConnection("c3"), SampleConnection("c1"),
                     SampleConnection("c2")),
              IsOk());
  ConnectionFilter all{TenantId(kTenant), {}, {}, {}};
  EXPECT_THAT(Ids(store().ListConnections(all, {}, 2)),
              ElementsAre("c1", "c2"));
  EXPECT_THAT(Ids(store().ListConnections(all, ConnectionId("c2"), 2)),
              ElementsAre("c3"));
  EXPECT_THAT(Ids(store().ListConnections(all, ConnectionId("c3"), 2)),
              IsEmpty());
}

TEST_P(StoreConformance, ListsNothingForALimitOfNoneOrLess) {
  ASSERT_THAT(Insert(SampleConnection()), IsOk());
  ASSERT_THAT(Append(SampleEntry()), IsOk());
  ConnectionFilter all{TenantId(kTenant), {}, {}, {}};
  EXPECT_THAT(*store().ListConnections(all, {}, 0), IsEmpty());
  EXPECT_THAT(*store().ListConnections(all, {}, -1), IsEmpty());
  EXPECT_THAT(*store().ListAuditEntries({}, -1), IsEmpty());
}

TEST_P(StoreConformance, ListsTheConnectionsWhoseRefreshIsNotSettled) {
  Connection settled = SampleConnection("c1"), sent = SampleConnection("c2"),
             far = SampleConnection("c3");
  settled.refresh_phase = RefreshPhase::kNone;
  sent.refresh_phase = RefreshPhase::kMaybeSent;
  far.tenant = TenantId("far");
  ASSERT_THAT(Insert(settled, sent, far), IsOk());
  EXPECT_THAT(Ids(store().ListUnsettledRefreshes()),
              UnorderedElementsAre("c2", "c3"));
}

TEST_P(StoreConformance, ListsTheConnectionsThatHaveBeenIdleTheIdlestFirst) {
  Connection used = SampleConnection("c1"), old = SampleConnection("c2"),
             older = SampleConnection("c3"), made = SampleConnection("c4"),
             gone = SampleConnection("c5"), hub = SampleConnection("c6");
  for (Connection* one : {&used, &old, &older, &made, &gone, &hub}) {
    one->state = ConnectionState::kActive;
    one->create_time = At(1);
    one->last_refresh_time = At(9);
  }
  used.last_refresh_time = At(10);
  older.last_refresh_time = absl::InfinitePast();
  made.create_time = At(11);
  gone.state = ConnectionState::kNeedsReconnect;
  hub.provider = ProviderId("github");
  old.tenant = TenantId("far");
  ASSERT_THAT(Insert(used, old, older, made, gone, hub), IsOk());
  EXPECT_THAT(Ids(store().ListIdleConnections(used.provider, At(10), 10)),
              ElementsAre("c3", "c2"));
  EXPECT_THAT(Ids(store().ListIdleConnections(used.provider, At(10), 1)),
              ElementsAre("c3"));
  EXPECT_THAT(*store().ListIdleConnections(used.provider, At(10), -1),
              IsEmpty());
}

TEST_P(StoreConformance, ListsTheRevokedConnectionsThatStillHoldAToken) {
  Connection active = SampleConnection("c1"), erased = SampleConnection("c2"),
             held = SampleConnection("c3"), far = SampleConnection("c4");
  erased.state = held.state = far.state = ConnectionState::kRevoked;
  erased.sealed_refresh_token.clear();
  far.tenant = TenantId("far");
  ASSERT_THAT(Insert(active, erased, held, far), IsOk());
  EXPECT_THAT(Ids(store().ListUnfinishedRevocations()),
              UnorderedElementsAre("c3", "c4"));
}

TEST_P(StoreConformance, ListsTheConnectionsThatPassTheFilter) {
  Connection bo = SampleConnection("c2"), hub = SampleConnection("c3"),
             gone = SampleConnection("c4"), far = SampleConnection("c5");
  bo.user = UserId("u-2");
  hub.provider = ProviderId("github");
  gone.state = ConnectionState::kRevoked;
  far.tenant = TenantId("far");
  ASSERT_THAT(Insert(SampleConnection("c1"), bo, hub, gone, far), IsOk());

  const TenantId tenant(kTenant);
  EXPECT_THAT(Ids(store().ListConnections({tenant, {}, {}, {}}, {}, 9)),
              ElementsAre("c1", "c2", "c3", "c4"));
  EXPECT_THAT(
      Ids(store().ListConnections({tenant, UserId("u-1"), {}, {}}, {}, 9)),
      ElementsAre("c1", "c3", "c4"));
  EXPECT_THAT(Ids(store().ListConnections(
                  {tenant, {}, ProviderId("google"), {}}, {}, 9)),
              ElementsAre("c1", "c2", "c4"));
  EXPECT_THAT(Ids(store().ListConnections(
                  {tenant, {}, {}, ConnectionState::kRevoked}, {}, 9)),
              ElementsAre("c4"));
  EXPECT_THAT(
      Ids(store().ListConnections({tenant, UserId("u-1"), ProviderId("google"),
                                   ConnectionState::kNeedsReconnect},
                                  {}, 9)),
      ElementsAre("c1"));
}

TEST_P(StoreConformance, ListsGrantsOfOneConnection) {
  ASSERT_THAT(Insert(SampleConnection("c1"), SampleConnection("c2"),
                     SampleGrant("c1", "bot"), SampleGrant("c1", "ant"),
                     SampleGrant("c2", "cat")),
              IsOk());
  auto grants = store().ListAgentGrants(TenantId(kTenant), ConnectionId("c1"));
  ASSERT_THAT(grants.status(), IsOk());
  ASSERT_EQ(grants->size(), 2u);
  EXPECT_EQ(grants->at(0).agent.value, "ant");
  EXPECT_EQ(grants->at(1).agent.value, "bot");
}

TEST_P(StoreConformance, ListsPendingInteractionsNewestFirst) {
  Interaction old = SampleInteraction("i1"), young = SampleInteraction("i2"),
              done = SampleInteraction("i3"), late = SampleInteraction("i4"),
              other = SampleInteraction("i5");
  old.create_time = At(1);
  young.create_time = At(2);
  done.state = InteractionState::kCompleted;
  late.expire_time = At(100);
  other.agent = AgentId("cat");
  ASSERT_THAT(Insert(old, young, done, late, other), IsOk());
  auto pending = store().ListPendingInteractions(
      TenantId(kTenant), AgentId("bot"), UserId("u-1"), ProviderId("google"),
      /*now=*/At(100));
  ASSERT_THAT(pending.status(), IsOk());
  ASSERT_EQ(pending->size(), 2u);
  EXPECT_EQ(pending->at(0).id.value, "i2");
  EXPECT_EQ(pending->at(1).id.value, "i1");
}

TEST_P(StoreConformance, ListsDataKeysOfOlderMasterKeys) {
  ASSERT_THAT(Insert(SampleKek(1), SampleKek(2, KekState::kPending),
                     SampleDek("a", 1), SampleDek("b", 1), SampleDek("c", 2)),
              IsOk());
  EXPECT_EQ(*store().CountDeksBefore(2), 2);
  EXPECT_EQ(*store().CountDeksBefore(3), 3);
  auto deks = store().ListDeksBefore(2, 1);
  ASSERT_THAT(deks.status(), IsOk());
  ASSERT_EQ(deks->size(), 1u);
  EXPECT_EQ(deks->at(0).subject, "a");
}

TEST_P(StoreConformance, VisitsDataKeysWithWhatTheySeal) {
  Dek own = SampleDek("");
  own.tenant = TenantId();
  Connection revoked = SampleConnection("c3");
  revoked.sealed_refresh_token.clear();
  ASSERT_THAT(
      Insert(SampleKek(), SampleDek("u-2"), SampleDek("u-1"), SampleDek(""),
             own, SampleSigningKey(), SampleConnection("c2"),
             SampleConnection("c1"), revoked, SampleFlow("f1")),
      IsOk());
  std::vector<std::string> seen;
  ASSERT_THAT(store().VisitDataKeys(
                  LogLookup::kNone,
                  [&](const Dek& dek, const SealedByDek& sealed) {
                    std::string line =
                        dek.tenant.value + "/" + dek.subject + ":";
                    for (const Connection& c : sealed.connections)
                      line += " " + c.id.value;
                    if (!sealed.flows.empty()) {
                      line += " flows " + std::to_string(sealed.flows.size());
                    }
                    if (sealed.signing_key.has_value()) {
                      EXPECT_EQ(Fields(*sealed.signing_key),
                                Fields(SampleSigningKey()));
                      line += " signing key";
                    }
                    seen.push_back(line);
                    return absl::OkStatus();
                  }),
              IsOk());
  EXPECT_THAT(seen, ElementsAre("/: signing key", "default/: flows 1",
                                "default/u-1: c1 c2", "default/u-2:"));
}

TEST_P(StoreConformance, EndsAVisitWithItsFirstError) {
  ASSERT_THAT(Insert(SampleKek(), SampleDek("a"), SampleDek("b")), IsOk());
  int visits = 0;
  EXPECT_THAT(store().VisitDataKeys(LogLookup::kNone,
                                    [&](const Dek&, const SealedByDek&) {
                                      ++visits;
                                      return errors::SealBroken();
                                    }),
              HasErrorReason("SEAL_BROKEN"));
  EXPECT_EQ(visits, 1);
  // And goes on working.
  EXPECT_THAT(Insert(SampleDek("c")), IsOk());
}

TEST_P(StoreConformance, FindsTheSigningKey) {
  EXPECT_THAT(store().GetSigningKey().status(), HasErrorReason("NOT_FOUND"));
  ASSERT_THAT(Insert(SampleSigningKey()), IsOk());
  EXPECT_EQ(Fields(*store().GetSigningKey()), Fields(SampleSigningKey()));
  EXPECT_THAT(Insert(SampleSigningKey()), HasErrorReason("ALREADY_EXISTS"));
}

TEST_P(StoreConformance, ListsMasterKeysAndWrapsInOrder) {
  ASSERT_THAT(Insert(SampleRootSource("b"), SampleRootSource("a"),
                     SampleKek(2, KekState::kPending), SampleKek(1),
                     SampleKekWrap(2, "a"), SampleKekWrap(1, "b"),
                     SampleKekWrap(1, "a")),
              IsOk());
  EXPECT_EQ(store().ListKeks()->at(0).version_number, 1u);
  EXPECT_EQ(store().ListRootSources()->at(0).id, "a");
  std::vector<std::pair<uint32_t, std::string>> wraps;
  auto listed = store().ListKekWraps();
  ASSERT_THAT(listed.status(), IsOk());
  for (const KekWrap& wrap : *listed) {
    wraps.emplace_back(wrap.kek_version, wrap.source_id);
  }
  EXPECT_THAT(wraps, ElementsAre(Pair(1, "a"), Pair(1, "b"), Pair(2, "a")));
}

TEST_P(StoreConformance, ListsTheAuditEntriesThatPassTheFilter) {
  AuditEntry other = SampleEntry("2"), denied = SampleEntry("3");
  other.tenant = TenantId("other");
  denied.kind = "token.denied";
  for (const AuditEntry& entry :
       {SampleEntry("1"), other, denied, SampleEntry("4")}) {
    ASSERT_THAT(Append(entry), IsOk());
  }
  const TenantId tenant(kTenant);
  EXPECT_THAT(Leaves(store().ListAuditEntries({}, 9)),
              ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(Leaves(store().ListAuditEntries({tenant, "", 0}, 2)),
              ElementsAre("1", "3"));
  EXPECT_THAT(Leaves(store().ListAuditEntries({tenant, "", 3}, 9)),
              ElementsAre("4"));
  EXPECT_THAT(Leaves(store().ListAuditEntries({{}, "token.granted", 1}, 9)),
              ElementsAre("2", "4"));
  EXPECT_THAT(Leaves(store().ListAuditEntries({tenant, "token.denied", 0}, 9)),
              ElementsAre("3"));
}

TEST_P(StoreConformance, ListsTheLastAuditEntriesOldestFirst) {
  for (const char* leaf : {"1", "2", "3", "4"}) {
    ASSERT_THAT(Append(SampleEntry(leaf)), IsOk());
  }
  EXPECT_THAT(Leaves(store().ListLastAuditEntries({}, 2)),
              ElementsAre("3", "4"));
  EXPECT_THAT(Leaves(store().ListLastAuditEntries({{}, "", 3}, 9)),
              ElementsAre("4"));
}

TEST_P(StoreConformance, CountsWhatItHolds) {
  Connection plain = SampleConnection("c1"), gone = SampleConnection("c2");
  plain.paused = gone.paused = false;
  plain.state = ConnectionState::kActive;
  gone.state = ConnectionState::kRevoked;
  ASSERT_THAT(Insert(plain, gone, SampleConnection("c3"), SampleKek(),
                     SampleDek("a"), SampleDek("b")),
              IsOk());
  ASSERT_THAT(Append(SampleEntry()), IsOk());
  auto status = store().GetStatus();
  ASSERT_THAT(status.status(), IsOk());
  EXPECT_GT(status->bytes, 0);
  EXPECT_EQ(status->audit_entries, 1);
  EXPECT_THAT(status->connections,
              UnorderedElementsAre(Pair(ConnectionState::kActive, 1),
                                   Pair(ConnectionState::kRevoked, 1)));
  EXPECT_EQ(status->paused_connections, 1);
  EXPECT_THAT(status->deks_by_kek_version, UnorderedElementsAre(Pair(1u, 2)));
  EXPECT_EQ(status->committed_batches, 2);
}

TEST_P(StoreConformance, IsWholeAfterUse) {
  ASSERT_THAT(Insert(SampleConnection(), SampleGrant(), SampleFlow()), IsOk());
  ASSERT_THAT(Append(SampleEntry()), IsOk());
  EXPECT_THAT(store().CheckIntegrity(), IsOk());
}

}  // namespace
}  // namespace tokenvault
