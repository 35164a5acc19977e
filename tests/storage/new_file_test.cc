#include "storage/new_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "storage/source_file.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
 protected:
  std::string Content() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("backup");
};

TEST_F(NewFileTest, HasItsNameOnceItIsWhole) {
  auto file = NewFile::Create(path_);
  ASSERT_THAT(file.status(), IsOk());
  ASSERT_THAT((*file)->Write("one "), IsOk());
  ASSERT_THAT((*file)->Write("two"), IsOk());
  EXPECT_FALSE(fs::exists(path_));
  ASSERT_THAT((*file)->Sync(), IsOk());
  ASSERT_THAT((*file)->Name(), IsOk());
  file->reset();
  EXPECT_EQ(Content(), "one two");
  EXPECT_FALSE(fs::exists(path_ + ".partial"));
}

TEST_F(NewFileTest, IsForItsOwnerAlone) {
  auto file = NewFile::Create(path_);
  ASSERT_THAT((*file)->Name(), IsOk());
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(NewFileTest, LeavesNothingOfWhatIsNotFinished) {
  {
    auto file = NewFile::Create(path_);
    ASSERT_THAT((*file)->Write("one"), IsOk());
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(NewFileTest, OverwritesNothing) {
  std::ofstream(path_) << "theirs";
  EXPECT_THAT(NewFile::Create(path_).status(),
              HasErrorReason("ALREADY_EXISTS"));
  EXPECT_EQ(Content(), "theirs");
}

TEST_F(NewFileTest, OverwritesNothingThatCameMeanwhile) {
  auto file = NewFile::Create(path_);
  ASSERT_THAT((*file)->Write("ours"), IsOk());
  std::ofstream(path_) << "theirs";
  EXPECT_THAT((*file)->Name(), HasErrorReason("ALREADY_EXISTS"));
  file->reset();
  EXPECT_EQ(Content(), "theirs");
  EXPECT_FALSE(fs::exists(path_ + ".partial"));
}

TEST_F(NewFileTest, LeavesAnothersPartialFileAlone) {
  std::ofstream(path_ + ".partial") << "theirs";
  EXPECT_THAT(NewFile::Create(path_).status(),
              HasErrorReason("ALREADY_EXISTS"));
  EXPECT_TRUE(fs::exists(path_ + ".partial"));
}

TEST_F(NewFileTest, SaysThatThereIsNoFolder) {
  EXPECT_THAT(NewFile::Create(folder_.File("none/backup")).status(),
              HasErrorReason("BACKUP_PATH_INVALID"));
}

TEST_F(NewFileTest, IsReadBackInPieces) {
  auto file = NewFile::Create(path_);
  ASSERT_THAT((*file)->Write("12345"), IsOk());
  ASSERT_THAT((*file)->Name(), IsOk());
  auto source = SourceFile::Open(path_);
  ASSERT_THAT(source.status(), IsOk());
  EXPECT_EQ((*source)->size(), 5);
  EXPECT_EQ(*(*source)->Read(3), "123");
  EXPECT_EQ(*(*source)->Read(3), "45");
  EXPECT_EQ(*(*source)->Read(3), "");
}

TEST_F(NewFileTest, ReadsNothingButPlainFiles) {
  EXPECT_THAT(SourceFile::Open(folder_.path()).status(),
              HasErrorReason("BACKUP_PATH_INVALID"));
  EXPECT_THAT(SourceFile::Open(path_).status(),
              HasErrorReason("BACKUP_PATH_INVALID"));
}

}  // namespace
}  // namespace tokenvault
