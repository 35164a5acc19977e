#include "storage/open_store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "tests/storage/store_conformance.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

StoreWorld FileWorld() {
  return {"file", /*outlives_its_handle=*/true, [] {
            auto folder = std::make_shared<TempFolder>();
            auto opened = std::make_shared<bool>(false);
            return [folder, opened] {
              auto store =
                  OpenStore({folder->File("vault.db"), /*create=*/!*opened});
              EXPECT_THAT(store.status(), IsOk());
              *opened = true;
              return store.ok() ? *std::move(store) : nullptr;
            };
          }};
}

StoreWorld RamWorld() {
  return {"ram", /*outlives_its_handle=*/false, [] {
            return [] {
              auto store = OpenStore({":memory:", /*create=*/true});
              EXPECT_THAT(store.status(), IsOk());
              return store.ok() ? *std::move(store) : nullptr;
            };
          }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance,
                         testing::Values(FileWorld(), RamWorld()),
                         [](const auto& info) { return info.param.name; });

class OpenStoreTest : public testing::Test {
 protected:
  absl::Status Open(bool create = false) {
    return OpenStore({path_, create}).status();
  }
  void MakeVault() {
    auto store = OpenStore({path_, /*create=*/true});
    ASSERT_THAT(store.status(), IsOk());
    WriteBatch batch;
    batch.Insert(SampleDeployment());
    ASSERT_THAT((*store)->Commit(std::move(batch)), IsOk());
  }
  void WriteFile(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  }
  // Runs SQL behind the store's back.
  void Sql(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  }

  TempFolder folder_;
  std::string path_ = folder_.File("vault.db");
};

TEST_F(OpenStoreTest, SaysNotInitializedWhereNoVaultIs) {
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_NOT_INITIALIZED"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(OpenStoreTest, SaysNotInitializedForAnEmptyFile) {
  WriteFile("");
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_NOT_INITIALIZED"));
}

TEST_F(OpenStoreTest, RefusesToCreateOverAVault) {
  MakeVault();
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("ALREADY_EXISTS"));
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(OpenStoreTest, TakesUpAnInterruptedInit) {
  ASSERT_THAT(Open(/*create=*/true), IsOk());
  EXPECT_THAT(Open(/*create=*/true), IsOk());
}

TEST_F(OpenStoreTest, RefusesASecondOpener) {
  MakeVault();
  auto first = OpenStore({path_, false});
  ASSERT_THAT(first.status(), IsOk());
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_BUSY"));
  first->reset();
  EXPECT_THAT(Open(), IsOk());
}

TEST_F(OpenStoreTest, RefusesASecondOpenerThroughALink) {
  MakeVault();
  auto first = OpenStore({path_, false});
  ASSERT_THAT(first.status(), IsOk());
  std::string link = folder_.File("link.db");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  EXPECT_THAT(OpenStore({link, false}).status(),
              HasErrorReason("STORAGE_BUSY"));
}

TEST_F(OpenStoreTest, MakesFilesForTheOwnerAlone) {
  auto store = OpenStore({path_, /*create=*/true});
  ASSERT_THAT(store.status(), IsOk());
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    struct stat info;
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file.path();
  }
}

TEST_F(OpenStoreTest, RefusesAFileThatOthersMayRead) {
  MakeVault();
  for (mode_t mode : {0640, 0604, 0660, 0644}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(Open(), HasErrorReason("STORAGE_UNSAFE"));
  }
}

TEST_F(OpenStoreTest, SaysHowToMakeTheFileSafe) {
  MakeVault();
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_THAT(std::string(Open().message()),
              testing::HasSubstr("chmod 600 " + path_));
}

TEST_F(OpenStoreTest, RefusesALogThatOthersMayRead) {
  MakeVault();
  std::ofstream(path_ + "-wal") << "";
  ASSERT_EQ(chmod((path_ + "-wal").c_str(), 0644), 0);
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_UNSAFE"));
}

TEST_F(OpenStoreTest, RefusesAFolderThatIsNotThere) {
  path_ = folder_.File("no/such/vault.db");
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("STORAGE_PATH_INVALID"));
}

TEST_F(OpenStoreTest, RefusesAFolderThatCannotBeWritten) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ASSERT_EQ(chmod(folder_.path().c_str(), 0500), 0);
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("STORAGE_PATH_INVALID"));
  ASSERT_EQ(chmod(folder_.path().c_str(), 0700), 0);
}

TEST_F(OpenStoreTest, RefusesWhatIsNoFile) {
  path_ = folder_.path();
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_PATH_INVALID"));
  path_ = "";
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("STORAGE_PATH_INVALID"));
}

TEST_F(OpenStoreTest, RefusesAFileThatIsNoDatabase) {
  const std::string text(5000, 'x');
  WriteFile(text);
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_FOREIGN"));
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("STORAGE_FOREIGN"));
  std::ifstream file(path_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(OpenStoreTest, RefusesTheDatabaseOfAnotherProgram) {
  Sql("CREATE TABLE song (title TEXT)");
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_FOREIGN"));
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("STORAGE_FOREIGN"));
}

TEST_F(OpenStoreTest, RefusesADatabaseMarkedByAnotherProgram) {
  Sql("PRAGMA application_id=7");
  EXPECT_THAT(Open(/*create=*/true), HasErrorReason("STORAGE_FOREIGN"));
}

TEST_F(OpenStoreTest, RefusesTheVaultOfANewerVersion) {
  MakeVault();
  Sql("PRAGMA user_version=99");
  EXPECT_THAT(Open(), HasErrorReason("STORAGE_FOREIGN"));
}

TEST_F(OpenStoreTest, OpensInRamWithoutBeingAskedToCreate) {
  EXPECT_THAT(OpenStore({":memory:", false}).status(), IsOk());
}

TEST_F(OpenStoreTest, EmptiesTheLogWhenItCloses) {
  MakeVault();
  std::error_code missing;
  auto size = std::filesystem::file_size(path_ + "-wal", missing);
  EXPECT_TRUE(missing || size == 0);
  std::ifstream file(path_, std::ios::binary);
  std::string header(72, '\0');
  file.read(header.data(), 72);
  EXPECT_EQ(header.substr(68, 4), "TKVL");
}

}  // namespace
}  // namespace tokenvault
