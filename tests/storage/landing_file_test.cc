#include "storage/landing_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LandingFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<LandingFile> Open() {
    auto file = LandingFile::Open(path_);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }

  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("vault.db.landing");
};

TEST_F(LandingFileTest, GivesBackWhatWasWrittenAlsoAfterReopen) {
  const std::string largest(LandingFile::kMaxBytes, 'x');
  {
    auto file = Open();
    EXPECT_EQ(*file->Read(1), "");
    ASSERT_TRUE(file->Write(1, "one").ok());
    ASSERT_TRUE(file->Write(LandingFile::kSlots, largest).ok());
    ASSERT_TRUE(file->Write(2, "two").ok());
    ASSERT_TRUE(file->Clear(2).ok());
  }
  auto file = Open();
  EXPECT_EQ(*file->Read(1), "one");
  EXPECT_EQ(*file->Read(2), "");
  EXPECT_EQ(*file->Read(LandingFile::kSlots), largest);
  EXPECT_EQ(*file->Read(LandingFile::kSlots - 1), "");
}

TEST_F(LandingFileTest, IsThereInFullBeforeAnythingIsWritten) {
  Open();
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto whole = static_cast<int64_t>(info.st_size);
  EXPECT_GE(whole,
            static_cast<int64_t>(LandingFile::kSlots * LandingFile::kMaxBytes));
  EXPECT_GE(int64_t{info.st_blocks} * 512, whole);
  auto file = Open();
  ASSERT_TRUE(file->Write(3, std::string(1000, 'x')).ok());
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(static_cast<int64_t>(info.st_size), whole);
}

TEST_F(LandingFileTest, FillsAFileThatWasCutShortAndKeepsTheRest) {
  ASSERT_TRUE(Open()->Write(1, "one").ok());
  std::filesystem::resize_file(path_, 100 * 1024);
  auto file = Open();
  EXPECT_EQ(*file->Read(1), "one");
  EXPECT_EQ(*file->Read(LandingFile::kSlots), "");
}

TEST_F(LandingFileTest, LeavesNothingOfWhatItHeld) {
  auto file = Open();
  ASSERT_TRUE(file->Write(1, "a long first answer").ok());
  ASSERT_TRUE(file->Write(1, "short").ok());
  EXPECT_THAT(Content(), Not(HasSubstr("first answer")));
  ASSERT_TRUE(file->Write(2, "a second answer").ok());
  ASSERT_TRUE(file->Clear(2).ok());
  EXPECT_THAT(Content(), Not(HasSubstr("second")));
  ASSERT_TRUE(file->Write(3, "a third answer").ok());
  ASSERT_TRUE(file->Wipe(3).ok());
  EXPECT_THAT(Content(), Not(HasSubstr("third")));
  EXPECT_EQ(*file->Read(1), "short");
}

TEST_F(LandingFileTest, WipesWhatAnEarlierVersionLeftBehind) {
  ASSERT_TRUE(Open()->Write(1, "kept").ok());
  {
    std::fstream raw(path_, std::ios::in | std::ios::out | std::ios::binary);
    raw.seekp(100);
    raw << "left behind in slot 1";
    raw.seekp(72 * 1024 + 4);
    raw << "left behind in slot 2";
  }
  auto file = Open();
  EXPECT_THAT(Content(), Not(HasSubstr("left behind")));
  EXPECT_EQ(*file->Read(1), "kept");
}

TEST_F(LandingFileTest, RefusesWhatIsNoSlotAndWhatIsTooLarge) {
  auto file = Open();
  const std::string large(LandingFile::kMaxBytes + 1, 'x');
  for (uint64_t slot : {uint64_t{0}, LandingFile::kSlots + 1}) {
    EXPECT_EQ(ReasonOf(file->Write(slot, "x")), "STORAGE_FAILED");
    EXPECT_EQ(ReasonOf(file->Read(slot).status()), "STORAGE_FAILED");
  }
  EXPECT_EQ(ReasonOf(file->Write(1, large)), "STORAGE_FAILED");
  EXPECT_EQ(*file->Read(1), "");
}

TEST_F(LandingFileTest, FollowsNoSymbolicLink) {
  std::filesystem::create_symlink(folder_.File("elsewhere"), path_);
  EXPECT_EQ(ReasonOf(LandingFile::Open(path_).status()), "STORAGE_FAILED");
}

}  // namespace
}  // namespace tokenvault
