#include "storage/small_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

TEST(SmallFileTest, HoldsWhatWasWrittenLast) {
  TempFolder folder;
  const std::string path = folder.File("mark");
  ASSERT_THAT(WriteSmallFile(path, "a long first text"), IsOk());
  ASSERT_THAT(WriteSmallFile(path, "second"), IsOk());
  EXPECT_EQ(*ReadSmallFile(path, 100), "second");
  EXPECT_EQ(*ReadSmallFile(path, 3), "sec");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST(SmallFileTest, SaysNotFoundWhereNoneIs) {
  TempFolder folder;
  EXPECT_THAT(ReadSmallFile(folder.File("mark"), 100).status(),
              HasErrorReason("NOT_FOUND"));
}

TEST(SmallFileTest, KeepsWhatWasThereWhenItCannotWrite) {
  TempFolder folder;
  const std::string path = folder.File("mark");
  ASSERT_THAT(WriteSmallFile(path, "first"), IsOk());
  std::filesystem::create_directory(path + ".new");
  EXPECT_THAT(WriteSmallFile(path, "second"), HasErrorReason("STORAGE_FAILED"));
  EXPECT_EQ(*ReadSmallFile(path, 100), "first");
}

}  // namespace
}  // namespace tokenvault
