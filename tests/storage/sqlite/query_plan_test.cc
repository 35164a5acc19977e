// Reads by key, and lists that grow with the vault, find their rows by an
// index: none walks a whole table, and none sorts. SQLite itself counts.
#include <sqlite3.h>

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/open_store.h"
#include "tests/storage/store_conformance.h"

namespace tokenvault {
namespace {

// More than any list of a few rows takes, and less than looking at a thousand.
constexpr int kManySteps = 5000;

// The statements that walked, sorted, or took many steps for what they found,
// on any connection opened since.
class SlowStatements {
 public:
  SlowStatements() {
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(Watch));
  }
  ~SlowStatements() {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(Watch));
  }

  static std::vector<std::string> Take() {
    MutexLock lock(mutex_);
    return std::exchange(seen_, {});
  }

 private:
  static int Watch(sqlite3* db, char**, const sqlite3_api_routines*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, Finished, nullptr);
  }
  static int Finished(unsigned, void*, void* p, void*) {
    auto* statement = static_cast<sqlite3_stmt*>(p);
    int walked = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP,
                                     /*resetFlg=*/1);
    int sorted =
        sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_SORT, /*resetFlg=*/1);
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP,
                                    /*resetFlg=*/1);
    if (walked > 0 || sorted > 0 || steps > kManySteps) {
      MutexLock lock(mutex_);
      seen_.push_back(sqlite3_sql(statement));
    }
    return 0;
  }

  static inline Mutex mutex_;
  static inline std::vector<std::string> seen_ ABSL_GUARDED_BY(mutex_);
};

class QueryPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = OpenStore({":memory:", true});
    ASSERT_THAT(store.status(), IsOk());
    store_ = *std::move(store);
    WriteBatch batch;
    batch.Insert(SampleKek(1));
    batch.Insert(SampleKek(2, KekState::kPending));
    for (int i = 0; i < 30; ++i) {
      const std::string id = std::to_string(i);
      batch.Insert(SampleDek(id));
      batch.Insert(SampleConnection(id));
      batch.Insert(SampleGrant(id));
      batch.Insert(SampleInteraction(id));
      batch.Insert(SampleApproval(id));
      batch.Insert(SampleNotice(id));
      batch.Insert(SampleFlow(id));
      batch.Insert(SampleSession(id));
      const auto number = static_cast<uint64_t>(i);
      batch.Insert(AuditTile{0, number, std::string(32, 'h'), 1});
      batch.Insert(AuditCheckpoint{number + 1, At(i), "note", 1});
      batch.Append(SampleEntry(id));
    }
    ASSERT_THAT(store_->Commit(std::move(batch)), IsOk());
    SlowStatements::Take();
  }

  SlowStatements slow_;
  std::unique_ptr<Store> store_;
};

TEST_F(QueryPlanTest, SeesAWalk) {
  // A whole table that is small by nature.
  ASSERT_THAT(store_->ListKeks().status(), IsOk());
  EXPECT_THAT(SlowStatements::Take(), testing::SizeIs(1));
}

TEST_F(QueryPlanTest, FindsEveryRecordByItsKey) {
  const TenantId tenant(kTenant);
  ASSERT_THAT(store_->GetDek(tenant, "7").status(), IsOk());
  ASSERT_THAT(store_->GetConnection(tenant, ConnectionId("7")).status(),
              IsOk());
  ASSERT_THAT(
      store_->GetAgentGrant(tenant, ConnectionId("7"), AgentId("bot")).status(),
      IsOk());
  ASSERT_THAT(store_->GetInteraction(tenant, InteractionId("7")).status(),
              IsOk());
  ASSERT_THAT(
      store_->FindInteractionByLink(SampleInteraction("7").link_hash).status(),
      IsOk());
  ASSERT_THAT(store_->GetApproval(tenant, InteractionId("7")).status(), IsOk());
  ASSERT_THAT(store_->GetFlow(SampleFlow("7").state_hash).status(), IsOk());
  ASSERT_THAT(store_->GetSession(SampleSession("7").id_hash).status(), IsOk());
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

TEST_F(QueryPlanTest, ListsConnectionsByAnIndexWhateverTheFilter) {
  for (const char* user : {"", "u-1"}) {
    for (const char* provider : {"", "google"}) {
      for (bool with_state : {false, true}) {
        ConnectionFilter filter{TenantId(kTenant), UserId(user),
                                ProviderId(provider), std::nullopt};
        if (with_state) filter.state = ConnectionState::kNeedsReconnect;
        auto found = store_->ListConnections(filter, ConnectionId("1"), 5);
        ASSERT_THAT(found.status(), IsOk());
        ASSERT_EQ(found->size(), 5u);
      }
    }
  }
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

TEST_F(QueryPlanTest, ListsApprovalsAndNoticesByAnIndexWhateverTheFilter) {
  for (const char* user : {"", "u-1"}) {
    for (const std::string& hash : {std::string(), Bytes('q')}) {
      ApprovalFilter filter;
      filter.tenant = TenantId(kTenant);
      filter.user = UserId(user);
      filter.request_hash = hash;
      auto found = store_->ListApprovals(filter, InteractionId("9"), 5);
      ASSERT_THAT(found.status(), IsOk());
      ASSERT_EQ(found->size(), 5u);
    }
  }
  ASSERT_EQ(store_->ListNotices(5)->size(), 5u);
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

// Two indexes would do: that of the person, and that of the provider.
TEST_F(QueryPlanTest, FindsAPersonsConnectionsAmongManyOfTheirProvider) {
  WriteBatch batch;
  for (int i = 0; i < 2000; ++i) {
    Connection connection = SampleConnection("many-" + std::to_string(i));
    connection.user = UserId("other-" + std::to_string(i));
    batch.Insert(std::move(connection));
  }
  ASSERT_THAT(store_->Commit(std::move(batch)), IsOk());
  ConnectionFilter filter{TenantId(kTenant), UserId("other-1999"),
                          ProviderId("google"), std::nullopt};
  ASSERT_EQ(store_->ListConnections(filter, ConnectionId(), 5)->size(), 1u);
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

TEST_F(QueryPlanTest, ListsTheAuditLogByAnIndexWhateverTheFilter) {
  for (const char* tenant : {"", kTenant}) {
    for (const char* kind : {"", "token.granted"}) {
      AuditFilter filter{TenantId(tenant), kind, 3};
      ASSERT_EQ(store_->ListAuditEntries(filter, 5)->size(), 5u);
      ASSERT_EQ(store_->ListLastAuditEntries(filter, 5)->size(), 5u);
    }
  }
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

TEST_F(QueryPlanTest, ListsTheRestByAnIndex) {
  const TenantId tenant(kTenant);
  ASSERT_EQ(store_->ListDeksBefore(2, 5)->size(), 5u);
  ASSERT_EQ(*store_->CountDeksBefore(2), 30);
  ASSERT_EQ(store_->ListAgentGrants(tenant, ConnectionId("7"))->size(), 1u);
  ASSERT_EQ(store_
                ->ListPendingInteractions(tenant, AgentId("bot"), UserId("u-1"),
                                          ProviderId("google"), At(0))
                ->size(),
            30u);
  ASSERT_EQ(store_->ListDeks(tenant, UserId(), "1", 5)->size(), 5u);
  ASSERT_EQ(store_->CountPerson(tenant, UserId("u-1"))->connections, 30);
  ASSERT_THAT(store_->GetSealedBy(SampleDek("u-1")).status(), IsOk());
  ASSERT_EQ(store_->ListCheckpoints(9, 5)->size(), 5u);
  ASSERT_EQ(store_->GetNewestCheckpoint()->size, 30u);
  ASSERT_EQ(store_->GetLastAuditTile(0)->index, 29u);
  ASSERT_EQ(store_->GetAuditTile(0, 7)->index, 7u);
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

TEST_F(QueryPlanTest, CountsByAnIndexAndNoFurtherThanItsLimit) {
  const TenantId tenant(kTenant);
  WriteBatch batch;
  for (int i = 0; i < 2000; ++i) {
    Connection connection = SampleConnection("many-" + std::to_string(i));
    AgentGrant grant = SampleGrant(connection.id.value);
    batch.Insert(std::move(connection));
    batch.Insert(std::move(grant));
  }
  ASSERT_THAT(store_->Commit(std::move(batch)), IsOk());
  SlowStatements::Take();
  EXPECT_TRUE(
      store_->CountPeopleOf(tenant, AgentId("bot"), At(0), 50)->at_least);
  EXPECT_EQ(store_->ListOpenApprovals(tenant, At(0), 5)->size(), 5u);
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

TEST_F(QueryPlanTest, LooksUpCommitmentsByAnIndex) {
  ASSERT_THAT(store_->VisitDataKeys(LogLookup::kCommitments,
                                    [](const Dek&, const SealedByDek&) {
                                      return absl::OkStatus();
                                    }),
              IsOk());
  // All data keys, and nothing else.
  EXPECT_THAT(SlowStatements::Take(), testing::SizeIs(1));
}

TEST_F(QueryPlanTest, WritesByAnIndex) {
  WriteBatch batch;
  batch.Update(SampleConnection("7"));
  batch.Update(SampleDek("7"));
  batch.Update(SampleGrant("7"));
  batch.Update(SampleInteraction("7"));
  batch.Remove(WriteBatch::RemoveFlow{SampleFlow("7").state_hash});
  batch.Remove(WriteBatch::RemoveSession{SampleSession("7").id_hash});
  batch.Remove(WriteBatch::RemoveGrants{TenantId(kTenant), ConnectionId("8")});
  batch.Remove(WriteBatch::RemoveVisits{TenantId(kTenant), UserId("u-2")});
  batch.Remove(WriteBatch::RemovePerson{TenantId(kTenant), UserId("u-2"), {}});
  batch.Purge({At(0), At(0)});
  batch.Append(SampleEntry());
  ASSERT_THAT(store_->Commit(std::move(batch)), IsOk());
  EXPECT_THAT(SlowStatements::Take(), testing::IsEmpty());
}

}  // namespace
}  // namespace tokenvault
