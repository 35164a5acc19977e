// A copy of one moment, while others go on.
#include <filesystem>
#include <string>
#include <utility>

#include "storage/open_store.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

absl::Status Whatever(int64_t, int64_t) { return absl::OkStatus(); }

TEST_P(StoreConformance, CopiesAllThatItHolds) {
  TempFolder folder;
  ASSERT_THAT(Insert(SampleDeployment(), SampleRootSource(), SampleKek(),
                     SampleKekWrap(), SampleDek(), SampleConnection(),
                     SampleGrant(), SampleBackup()),
              IsOk());
  ASSERT_THAT(Append(SampleEntry("leaf")), IsOk());
  ASSERT_THAT(store().CopyTo(folder.File("copy.db"), Whatever), IsOk());

  auto copy = OpenStore({folder.File("copy.db"), /*create=*/false});
  ASSERT_THAT(copy.status(), IsOk());
  EXPECT_THAT((*copy)->CheckIntegrity(), IsOk());
  EXPECT_EQ(Fields(*(*copy)->GetDeployment()), Fields(SampleDeployment()));
  EXPECT_EQ(
      Fields(*(*copy)->GetConnection(TenantId(kTenant), ConnectionId("c1"))),
      Fields(SampleConnection()));
  EXPECT_EQ((*copy)->ListAuditEntries({}, 9)->size(), 1u);
}

TEST_P(StoreConformance, CopiesOneMomentWhileOthersWrite) {
  if (!GetParam().outlives_its_handle) GTEST_SKIP() << "in RAM, writers wait";
  TempFolder folder;
  ASSERT_THAT(Insert(SampleDeployment()), IsOk());
  WriteBatch much;
  for (int i = 0; i < 3000; ++i)
    much.Append(SampleEntry(std::string(3000, 'x')));
  ASSERT_THAT(store().Commit(std::move(much)), IsOk());

  int steps = 0;
  ASSERT_THAT(store().CopyTo(folder.File("copy.db"),
                             [&](int64_t done, int64_t total) {
                               EXPECT_LE(done, total);
                               ++steps;
                               // In the middle, and seen by nobody who copies.
                               return Append(SampleEntry("later"));
                             }),
              IsOk());
  EXPECT_GT(steps, 1);

  auto copy = OpenStore({folder.File("copy.db"), /*create=*/false});
  ASSERT_THAT(copy.status(), IsOk());
  EXPECT_THAT((*copy)->CheckIntegrity(), IsOk());
  EXPECT_EQ((*copy)->GetStatus()->audit_entries, 3000);
  EXPECT_EQ(store().GetStatus()->audit_entries, 3000 + steps);
}

TEST_P(StoreConformance, LeavesNothingOfACopyThatWasStopped) {
  TempFolder folder;
  ASSERT_THAT(Insert(SampleDeployment()), IsOk());
  EXPECT_THAT(
      store().CopyTo(folder.File("copy.db"),
                     [](int64_t, int64_t) { return errors::StorageFull(); }),
      HasErrorReason("STORAGE_FULL"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  // And the store goes on.
  EXPECT_THAT(Append(SampleEntry("leaf")), IsOk());
}

TEST_P(StoreConformance, CopiesOverNothing) {
  TempFolder folder;
  ASSERT_THAT(Insert(SampleDeployment()), IsOk());
  ASSERT_THAT(store().CopyTo(folder.File("copy.db"), Whatever), IsOk());
  EXPECT_THAT(store().CopyTo(folder.File("copy.db"), Whatever),
              HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(store().CopyTo(folder.File("none/copy.db"), Whatever),
              HasErrorReason("STORAGE_PATH_INVALID"));
}

}  // namespace
}  // namespace tokenvault
