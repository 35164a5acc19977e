#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TenantId& Tenant() {
  static const auto* const kId = new TenantId(kTenant);
  return *kId;
}

// An envelope as far as the store looks into it.
std::string SealedUnder(const Dek& dek, char content = 'x') {
  return "TKV1" + std::string(8, '\0') + dek.dek_id + content;
}

Dek FullDek(const std::string& subject, char id = 'd') {
  Dek dek = SampleDek(subject);
  dek.dek_id = std::string(16, id);
  return dek;
}

Connection SealedConnection(const Dek& dek, const std::string& id = "c1") {
  Connection connection = SampleConnection(id);
  connection.user = UserId(dek.subject);
  connection.sealed_refresh_token = SealedUnder(dek);
  return connection;
}

AuditEntry LeafAbout(const std::vector<std::string>& users) {
  AuditEntry entry = SampleEntry();
  entry.leaf = R"({"actor":"users/","user":""})";
  const size_t places[] = {16, 26};
  for (size_t i = 0; i < users.size(); ++i) {
    std::string name = "p-" + users[i] + std::to_string(i);
    entry.people.push_back(
        {places[i], UserId(users[i]), [name] { return name; }});
  }
  return entry;
}

TEST_P(StoreConformance, RemovesAllOfAPersonAndOfNobodyElse) {
  Connection bens = SampleConnection("c9");
  bens.user = UserId("u-2");
  Interaction bens_question = SampleInteraction("i9");
  bens_question.user = UserId("u-2");
  WebSession bens_session = SampleSession("w9");
  bens_session.user = UserId("u-2");
  OAuthFlow bens_flow = SampleFlow("f9");
  bens_flow.interaction = bens_question.id;
  bens_flow.session_hash = bens_session.id_hash;
  OAuthFlow by_session = SampleFlow("f2");
  by_session.interaction = InteractionId();
  by_session.session_hash = SampleSession().id_hash;
  ASSERT_THAT(
      Insert(SampleKek(), SampleDek("u-1"), SampleDek("u-2"), SampleDek(""),
             SampleConnection("c1"), SampleConnection("c2"), bens,
             SampleGrant("c1"), SampleGrant("c2"), SampleGrant("c9"),
             SampleInteraction(), bens_question, SampleSession(), bens_session,
             SampleFlow(), by_session, bens_flow),
      IsOk());
  WriteBatch named;
  named.Append(LeafAbout({"u-1", "u-2"}));
  ASSERT_THAT(store().Commit(std::move(named)), IsOk());
  const UserId user("u-1");
  EXPECT_EQ(*store().CountPerson(Tenant(), user),
            (PersonRows{1, 2, 2, 1, 1, 1}));
  EXPECT_THAT(*store().ListTenantsOf(user), ElementsAre(Tenant()));
  const PersonRows bens_rows = *store().CountPerson(Tenant(), UserId("u-2"));
  EXPECT_EQ(bens_rows, (PersonRows{1, 1, 1, 1, 1, 1}));

  const uint64_t version = SampleConnection().version;
  EXPECT_THAT(Remove(WriteBatch::RemovePerson{Tenant(),
                                              user,
                                              {{ConnectionId("c1"), version},
                                               {ConnectionId("c2"), version}}}),
              IsOk());
  EXPECT_EQ(*store().CountPerson(Tenant(), user), PersonRows());
  EXPECT_THAT(*store().ListTenantsOf(user), IsEmpty());
  EXPECT_THAT(store().GetPseudonym(Tenant(), user).status(),
              HasErrorReason("NOT_FOUND"));
  for (const OAuthFlow& flow : {SampleFlow(), by_session}) {
    EXPECT_THAT(store().GetFlow(flow.state_hash).status(),
                HasErrorReason("NOT_FOUND"));
  }
  EXPECT_EQ(*store().CountPerson(Tenant(), UserId("u-2")), bens_rows);
  EXPECT_THAT(store().GetFlow(bens_flow.state_hash).status(), IsOk());
  EXPECT_THAT(store().GetDek(Tenant(), "").status(), IsOk());
  EXPECT_THAT(store().CheckIntegrity(), IsOk());
}

TEST_P(StoreConformance, RemovesNoPersonWhoHasAnotherConnection) {
  ASSERT_THAT(Insert(SampleKek(), SampleDek(), SampleConnection("c1"),
                     SampleConnection("c2")),
              IsOk());
  const UserId user("u-1");
  const uint64_t version = SampleConnection().version;
  const std::vector<std::vector<std::pair<ConnectionId, uint64_t>>> stale = {
      {},
      {{ConnectionId("c1"), version}},
      {{ConnectionId("c1"), version}, {ConnectionId("c2"), version + 1}}};
  for (const auto& connections : stale) {
    EXPECT_THAT(Remove(WriteBatch::RemovePerson{Tenant(), user, connections}),
                HasErrorReason("VERSION_CONFLICT"));
  }
  EXPECT_EQ(store().CountPerson(Tenant(), user)->connections, 2);
  EXPECT_THAT(store().GetDek(Tenant(), "u-1").status(), IsOk());
}

TEST_P(StoreConformance, RemovesWhatAPersonHasOpenAndNothingElse) {
  ASSERT_THAT(Insert(SampleKek(), SampleDek(), SampleConnection(),
                     SampleInteraction(), SampleSession(), SampleFlow()),
              IsOk());
  const UserId user("u-1");
  EXPECT_THAT(Remove(WriteBatch::RemoveVisits{Tenant(), user}), IsOk());
  EXPECT_EQ(*store().CountPerson(Tenant(), user),
            (PersonRows{1, 1, 0, 0, 0, 0}));
  EXPECT_THAT(store().GetFlow(SampleFlow().state_hash).status(),
              HasErrorReason("NOT_FOUND"));
}

TEST_P(StoreConformance, TakesNoRecordUnderAnotherDataKeyThanItsOwn) {
  const Dek dek = FullDek("u-1");
  ASSERT_THAT(Insert(SampleKek(), dek), IsOk());
  Connection connection = SealedConnection(dek);
  connection.sealed_refresh_token = SealedUnder(FullDek("u-1", 'o'));
  EXPECT_THAT(Insert(connection), HasErrorReason("VERSION_CONFLICT"));
  Connection nobodys = SealedConnection(dek);
  nobodys.user = UserId("u-2");
  EXPECT_THAT(Insert(nobodys), HasErrorReason("VERSION_CONFLICT"));

  connection.sealed_refresh_token = SealedUnder(dek);
  ASSERT_THAT(Insert(connection), IsOk());
  connection.sealed_refresh_token = SealedUnder(FullDek("u-1", 'o'), 'y');
  EXPECT_THAT(Update(connection), HasErrorReason("VERSION_CONFLICT"));
  connection.sealed_refresh_token = SealedUnder(dek, 'y');
  EXPECT_THAT(Update(connection), IsOk());
}

TEST_P(StoreConformance, TakesNoFlowUnderAnotherDataKeyThanTheTenants) {
  const Dek dek = FullDek("");
  ASSERT_THAT(Insert(SampleKek(), dek), IsOk());
  OAuthFlow flow = SampleFlow();
  flow.sealed_verifier = SealedUnder(FullDek("", 'o'));
  EXPECT_THAT(Insert(flow), HasErrorReason("VERSION_CONFLICT"));
  flow.sealed_verifier = SealedUnder(dek);
  EXPECT_THAT(Insert(flow), IsOk());
}

TEST_P(StoreConformance, ReplacesADataKeyWithWhatItSealsInOneBatch) {
  Dek dek = FullDek("u-1");
  Connection connection = SealedConnection(dek);
  ASSERT_THAT(Insert(SampleKek(), dek, connection), IsOk());
  dek.dek_id = std::string(16, 'n');
  // Alone it would leave a record that nothing opens; that is up to the caller.
  Connection sealed_anew = connection;
  sealed_anew.sealed_refresh_token = SealedUnder(dek);
  WriteBatch batch;
  batch.Update(dek);
  batch.Update(sealed_anew);
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  auto sealed = store().GetSealedBy(dek);
  ASSERT_THAT(sealed.status(), IsOk());
  ASSERT_EQ(sealed->connections.size(), 1u);
  EXPECT_EQ(sealed->connections[0].sealed_refresh_token, SealedUnder(dek));
  // Who changes something else need not seal it again.
  sealed_anew.version += 1;
  sealed_anew.paused = !sealed_anew.paused;
  EXPECT_THAT(Update(sealed_anew), IsOk());
}

TEST_P(StoreConformance, ListsTheDataKeysOfATenant) {
  Dek other = SampleDek("u-9");
  other.tenant = TenantId("other");
  ASSERT_THAT(Insert(SampleKek(), SampleDek("u-2"), SampleDek("u-1"),
                     SampleDek(""), other),
              IsOk());
  auto subjects = [&](const UserId& user, std::optional<std::string> after,
                      int limit) {
    auto deks = store().ListDeks(Tenant(), user, after, limit);
    EXPECT_THAT(deks.status(), IsOk());
    std::vector<std::string> found;
    for (const Dek& dek : *deks) found.push_back(dek.subject);
    return found;
  };
  EXPECT_THAT(subjects(UserId(), std::nullopt, 2), ElementsAre("", "u-1"));
  EXPECT_THAT(subjects(UserId(), "u-1", 2), ElementsAre("u-2"));
  EXPECT_THAT(subjects(UserId("u-2"), std::nullopt, 9), ElementsAre("u-2"));
}

TEST_P(StoreConformance, NamesAPersonTheSameInEveryLeaf) {
  WriteBatch batch;
  batch.Append(LeafAbout({"u-1", "u-2"}));
  batch.Append(LeafAbout({"u-2", "u-1"}));
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  auto entries = store().ListAuditEntries({}, 10);
  ASSERT_THAT(entries.status(), IsOk());
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].leaf, R"({"actor":"users/p-u-10","user":"p-u-21"})");
  EXPECT_EQ((*entries)[1].leaf, R"({"actor":"users/p-u-21","user":"p-u-10"})");
  EXPECT_EQ(*store().GetPseudonym(Tenant(), UserId("u-1")), "p-u-10");
}

TEST_P(StoreConformance, FindsTheLeavesThatNameAPerson) {
  AuditEntry before = SampleEntry(R"({"user":"u-1"})");
  AuditEntry quoted = SampleEntry(R"({"purpose":"\"user\":\"u-1\""})");
  WriteBatch batch;
  batch.Append(before);
  batch.Append(quoted);
  batch.Append(LeafAbout({"u-1"}));
  batch.Append(LeafAbout({"u-2"}));
  batch.Append(LeafAbout({"u-2", "u-1"}));
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  AuditFilter filter;
  filter.tenant = Tenant();
  filter.user = UserId("u-1");
  std::vector<uint64_t> found;
  auto entries = store().ListAuditEntries(filter, 10);
  ASSERT_THAT(entries.status(), IsOk());
  for (const AuditEntry& entry : *entries) {
    found.push_back(entry.sequence);
  }
  EXPECT_THAT(found, ElementsAre(1, 3, 5));
}

TEST_P(StoreConformance, LooksUpTheCommitmentThatWasLoggedLast) {
  auto leaf = [](const std::string& kind, const std::string& connection,
                 const std::string& commitment) {
    AuditEntry entry = SampleEntry(
        (commitment.empty() ? "{" : "{\"commitment\":\"" + commitment + "\",") +
        "\"connection\":\"" + connection + "\"}");
    entry.kind = kind;
    return entry;
  };
  const std::string c1 = "01" + std::string(24, '1');
  const std::string c2 = "01" + std::string(24, '2');
  const std::string first(64, 'a');
  const std::string second(64, 'b');
  ASSERT_THAT(Insert(SampleKek(), SampleDek(), SampleConnection(c1),
                     SampleConnection(c2)),
              IsOk());
  WriteBatch batch;
  batch.Append(leaf("connection.created", c1, first));
  batch.Append(leaf("refresh.succeeded", c1, second));
  batch.Append(leaf("refresh.succeeded", c1, ""));
  batch.Append(leaf("refresh.failed", c1, first));
  ASSERT_THAT(store().Commit(std::move(batch)), IsOk());
  std::map<ConnectionId, std::string> logged;
  ASSERT_THAT(store().VisitDataKeys(LogLookup::kCommitments,
                                    [&](const Dek&, const SealedByDek& sealed) {
                                      logged = sealed.logged_commitments;
                                      return absl::OkStatus();
                                    }),
              IsOk());
  EXPECT_THAT(logged, ElementsAre(testing::Pair(ConnectionId(c1), second)));
}

}  // namespace
}  // namespace tokenvault
