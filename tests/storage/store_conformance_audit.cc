// The audit log's tree, what was signed of it, and what left it.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Hashes(int count) { return std::string(count * 32, 'h'); }

AuditTile SampleTile(int level = 1, uint64_t index = 2) {
  return {level, index, Hashes(3), 4};
}
AuditCheckpoint SampleCheckpoint(uint64_t size, absl::Time time = At(30)) {
  return {size, time, absl::StrCat("note of ", size), 1};
}
WitnessedCheckpoint SampleWitnessed() {
  return {"nas", 7, At(31), "a note", 5};
}
auto Fields(const AuditTile& t) {
  return std::make_tuple(t.level, t.index, t.hashes, t.version);
}
auto Fields(const AuditCheckpoint& c) {
  return std::make_tuple(c.size, c.time, c.note, c.version);
}
auto Fields(const WitnessedCheckpoint& w) {
  return std::make_tuple(w.witness, w.size, w.time, w.note, w.version);
}

TEST_P(StoreConformance, KeepsTheTreeOfTheLog) {
  ASSERT_THAT(Insert(SampleTile(), SampleTile(0, 0), SampleTile(1, 5)), IsOk());
  EXPECT_EQ(Fields(*store().GetAuditTile(1, 2)), Fields(SampleTile()));
  EXPECT_EQ(store().GetLastAuditTile(1)->index, 5u);
  EXPECT_EQ(store().GetLastAuditTile(0)->index, 0u);
  EXPECT_THAT(store().GetLastAuditTile(2).status(),
              HasErrorReason("NOT_FOUND"));
  EXPECT_THAT(Insert(SampleTile()), HasErrorReason("ALREADY_EXISTS"));

  AuditTile grown = SampleTile();
  grown.hashes = Hashes(256);
  ASSERT_THAT(Update(grown), IsOk());
  EXPECT_EQ(store().GetAuditTile(1, 2)->hashes, Hashes(256));
  EXPECT_EQ(store().GetAuditTile(1, 2)->version, 5u);
  EXPECT_THAT(Update(grown), HasErrorReason("VERSION_CONFLICT"));
}

TEST_P(StoreConformance, TakesNoRowOfTheTreeThatCannotBe) {
  AuditTile tile = SampleTile();
  tile.hashes = "half a hash";
  EXPECT_FALSE(Insert(tile).ok());
  tile.hashes = Hashes(257);
  EXPECT_FALSE(Insert(tile).ok());
}

TEST_P(StoreConformance, KeepsCheckpointsInTheirOrder) {
  ASSERT_THAT(
      Insert(SampleCheckpoint(2000, At(40)), SampleCheckpoint(1000, At(39))),
      IsOk());
  EXPECT_EQ(Fields(*store().GetNewestCheckpoint()),
            Fields(SampleCheckpoint(2000, At(40))));
  EXPECT_EQ(store().GetCheckpointBefore(At(40))->size, 1000u);
  EXPECT_THAT(store().GetCheckpointBefore(At(39)).status(),
              HasErrorReason("NOT_FOUND"));
  std::vector<uint64_t> sizes;
  const auto listed = store().ListCheckpoints(1001, 9);
  for (const AuditCheckpoint& one : *listed) sizes.push_back(one.size);
  EXPECT_THAT(sizes, ElementsAre(2000));
  EXPECT_EQ(store().ListCheckpoints(1000, 1)->front().size, 1000u);

  AuditCheckpoint cosigned = SampleCheckpoint(1000, At(39));
  cosigned.note += " and another's";
  ASSERT_THAT(Update(cosigned), IsOk());
  EXPECT_EQ(store().ListCheckpoints(0, 1)->front().note, cosigned.note);
  EXPECT_THAT(Update(cosigned), HasErrorReason("VERSION_CONFLICT"));
}

TEST_P(StoreConformance, KeepsWhatWitnessesHave) {
  ASSERT_THAT(Insert(SampleWitnessed()), IsOk());
  ASSERT_EQ(store().ListWitnessed()->size(), 1u);
  EXPECT_EQ(Fields(store().ListWitnessed()->front()),
            Fields(SampleWitnessed()));
  WitnessedCheckpoint later = SampleWitnessed();
  later.size = 9;
  ASSERT_THAT(Update(later), IsOk());
  EXPECT_EQ(store().ListWitnessed()->front().size, 9u);
}

// A leaf as they are: its members are in the order of their names.
AuditEntry EntryOf(const std::string& kind, const std::string& rest,
                   absl::Time time = At(26)) {
  AuditEntry entry;
  entry.tenant = TenantId(kTenant);
  entry.time = time;
  entry.kind = kind;
  entry.leaf = absl::StrCat(R"({"action":")", kind, "\"", rest, "}");
  return entry;
}

TEST_P(StoreConformance, FindsLeavesByWhatIsInThem) {
  ASSERT_THAT(Append(EntryOf("token.granted",
                             R"(,"actor":"agents/a","outcome":"ok",)"
                             R"("provider":"p","token_id":"t-1")",
                             At(100))),
              IsOk());
  ASSERT_THAT(Append(EntryOf("token.denied",
                             R"(,"actor":"agents/b","outcome":"denied",)"
                             R"("purpose":"\"actor\":\"agents/a\"")",
                             At(200))),
              IsOk());
  auto found = [this](const std::function<void(AuditFilter&)>& narrow) {
    AuditFilter filter;
    narrow(filter);
    const auto entries = store().ListAuditEntries(filter, 9);
    std::vector<uint64_t> sequences;
    for (const AuditEntry& entry : *entries) {
      sequences.push_back(entry.sequence);
    }
    return sequences;
  };
  EXPECT_THAT(found([](AuditFilter& f) { f.actor = "agents/a"; }),
              ElementsAre(1));
  EXPECT_THAT(found([](AuditFilter& f) { f.provider = ProviderId("p"); }),
              ElementsAre(1));
  EXPECT_THAT(found([](AuditFilter& f) { f.outcome = "denied"; }),
              ElementsAre(2));
  EXPECT_THAT(found([](AuditFilter& f) { f.token_id = "t-1"; }),
              ElementsAre(1));
  EXPECT_THAT(found([](AuditFilter& f) { f.since = At(101); }), ElementsAre(2));
  EXPECT_THAT(found([](AuditFilter& f) { f.until = At(200); }), ElementsAre(1));
  EXPECT_THAT(found([](AuditFilter& f) { f.last_sequence = 1; }),
              ElementsAre(1));
  EXPECT_THAT(found([](AuditFilter& f) {
                f.actor = "agents/a";
                f.outcome = "denied";
              }),
              IsEmpty());
}

// Whatever a checkpoint of well before covers is not looked at.
TEST_P(StoreConformance, BeginsASearchByTimeAtACheckpoint) {
  ASSERT_THAT(Append(EntryOf("token.granted", "", At(0))), IsOk());
  ASSERT_THAT(Append(EntryOf("token.granted", "", At(7200))), IsOk());
  ASSERT_THAT(Insert(SampleCheckpoint(1, At(1))), IsOk());
  AuditFilter filter;
  filter.since = At(7000);
  EXPECT_EQ(store().ListAuditEntries(filter, 9)->size(), 1u);
  filter.since = At(0);
  EXPECT_EQ(store().ListAuditEntries(filter, 9)->size(), 2u);
}

// A connection's id has 26 characters, as in the log.
constexpr char kIdOfOne[] = "01j00000000000000000000001";
constexpr char kIdOfNone[] = "01j00000000000000000000002";

AuditEntry Sealed(const std::string& kind, const std::string& id) {
  return EntryOf(kind, absl::StrCat(R"(,"commitment":")", std::string(64, 'c'),
                                    R"(","connection":")", id, "\""));
}

TEST_P(StoreConformance, RemovesArchivedLeavesButWhatRecordsAreComparedWith) {
  Connection connection = SampleConnection(kIdOfOne);
  connection.sealed_refresh_token.clear();
  ASSERT_THAT(Insert(connection), IsOk());
  for (const AuditEntry& entry :
       {Sealed("connection.created", kIdOfOne), EntryOf("token.granted", ""),
        Sealed("refresh.succeeded", kIdOfOne),
        Sealed("connection.created", kIdOfNone), EntryOf("token.granted", ""),
        EntryOf("token.granted", "")}) {
    ASSERT_THAT(Append(entry), IsOk());
  }
  EXPECT_EQ(*store().GetArchivedLeaves(), 0u);
  ASSERT_THAT(Insert(AuditArchive{1, 5, At(50), "/archive/one"}), IsOk());
  ASSERT_THAT(Remove(WriteBatch::RemoveLeaves{1, 5}), IsOk());
  std::vector<uint64_t> left;
  for (const AuditEntry& entry : AllEntries()) left.push_back(entry.sequence);
  EXPECT_THAT(left, ElementsAre(3, 6));
  EXPECT_EQ(*store().GetArchivedLeaves(), 5u);
  EXPECT_EQ(store().ListArchives()->front().location, "/archive/one");
  // It is no gap, and the log goes on with the next number.
  EXPECT_THAT(store().CheckIntegrity(), IsOk());
  ASSERT_THAT(Append(EntryOf("token.granted", "")), IsOk());
  EXPECT_EQ(AllEntries().back().sequence, 7u);
  EXPECT_EQ(store().GetStatus()->audit_entries, 7);
}

TEST_P(StoreConformance, SeesAGapBehindWhatWasArchived) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_THAT(Append(EntryOf("token.granted", "")), IsOk());
  }
  ASSERT_THAT(Remove(WriteBatch::RemoveLeaves{2, 3}), IsOk());
  EXPECT_THAT(store().CheckIntegrity(), HasErrorReason("STORAGE_CORRUPT"));
}

}  // namespace
}  // namespace tokenvault
