#include "storage/work_folder.h"

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;

TEST(WorkFolderTest, IsForItsOwnerAloneAndGoesWithAllThatIsInIt) {
  TempFolder place;
  {
    auto folder = WorkFolder::Create(place.File("vault.db"), 1);
    ASSERT_THAT(folder.status(), IsOk());
    const WorkFolder moved = *std::move(folder);
    std::ofstream(moved.database()) << "something";
    std::ofstream(moved.database() + "-wal") << "something";
    struct stat info = {};
    const std::string name = fs::path(moved.database()).parent_path();
    ASSERT_EQ(stat(name.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0700u);
    EXPECT_EQ(fs::path(name).parent_path(), place.path());
  }
  EXPECT_TRUE(fs::is_empty(place.path()));
}

TEST(WorkFolderTest, IsNotMadeWhereItWouldFillTheDisk) {
  TempFolder place;
  EXPECT_THAT(WorkFolder::Create(place.File("vault.db"),
                                 std::numeric_limits<int64_t>::max() / 2)
                  .status(),
              HasErrorReason("STORAGE_FULL"));
  EXPECT_TRUE(fs::is_empty(place.path()));
}

TEST(WorkFolderTest, SaysThatThereIsNoFolder) {
  TempFolder place;
  EXPECT_THAT(WorkFolder::Create(place.File("none/vault.db"), 1).status(),
              HasErrorReason("STORAGE_PATH_INVALID"));
}

}  // namespace
}  // namespace tokenvault
