#include "vault/backup_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;

constexpr size_t kChunk = 65536;
constexpr size_t kSealed = kChunk + 17;

BackupManifest SampleManifest(const std::string& id = "01jd8") {
  BackupManifest manifest;
  manifest.backup_id = id;
  manifest.deployment_id = std::string(16, 'd');
  manifest.time = absl::FromUnixSeconds(1'800'000'000) + absl::Microseconds(7);
  manifest.schema_version = 5;
  manifest.sources = {{"file", "file", "{}", manifest.time}};
  manifest.wraps = {{2, std::string(16, '2'), "file", "wrap of 2"},
                    {3, std::string(16, '3'), "file", "wrap of 3"}};
  manifest.kek_version = 3;
  manifest.wrapped_key = "a wrap";
  manifest.data_keys = 12;
  manifest.records = 11;
  manifest.broken = 1;
  manifest.data_keys_root = std::string(32, 'r');
  manifest.connections = 10;
  manifest.audit_sequence = 99;
  manifest.audit_leaf_hash = std::string(32, 'l');
  return manifest;
}

absl::Status GoOn(int64_t, int64_t) { return absl::OkStatus(); }

class BackupFileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(InitCrypto().ok()); }

  void Put(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_.File(name), std::ios::binary | std::ios::trunc)
        << bytes;
  }
  std::string Get(const std::string& name) {
    std::ifstream file(folder_.File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // The bytes of a backup of `database`.
  std::string Write(const std::string& database,
                    const BackupManifest& manifest = SampleManifest()) {
    const std::string name = absl::StrCat("backup-", ++made_);
    Put("database", database);
    auto source = SourceFile::Open(folder_.File("database"));
    auto file = NewFile::Create(folder_.File(name));
    EXPECT_TRUE(source.ok() && file.ok());
    EXPECT_TRUE(WriteBackup(**file, manifest, key_, **source, GoOn).ok());
    EXPECT_TRUE((*file)->Name().ok());
    return Get(name);
  }

  // What comes out of these bytes, or why nothing does.
  absl::StatusOr<std::string> Read(const std::string& bytes) {
    Put("read", bytes);
    fs::remove(folder_.File("extracted"));
    absl::StatusOr<BackupFile> file = BackupFile::Open(folder_.File("read"));
    if (!file.ok()) return file.status();
    absl::Status extracted =
        file->Extract(key_, folder_.File("extracted"), GoOn);
    EXPECT_EQ(fs::exists(folder_.File("extracted")), extracted.ok());
    EXPECT_FALSE(fs::exists(folder_.File("extracted.partial")));
    if (!extracted.ok()) return extracted;
    return Get("extracted");
  }
  void ExpectBroken(const std::string& bytes, const std::string& what) {
    EXPECT_EQ(ReasonOf(Read(bytes).status()), "BACKUP_BROKEN") << what;
  }

  TempFolder folder_;
  int made_ = 0;
  const std::unique_ptr<SecretArena> arena_ = *SecretArena::Create(4096);
  const ArenaKey key_ = *ArenaKey::Random(*arena_);
  // Three chunks, the last one short.
  const std::string database_ = RandomBytes(2 * kChunk + 1000);
};

TEST_F(BackupFileTest, GivesBackWhatWentIn) {
  for (size_t size : {size_t{1}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk}) {
    const std::string database = RandomBytes(size);
    auto read = Read(Write(database));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, database);
  }
}

TEST_F(BackupFileTest, HoldsNothingOfTheDatabaseInClear) {
  const std::string words = "canary-0123456789";
  const std::string written = Write(words + std::string(1000, 'x'));
  EXPECT_EQ(written.find(words), std::string::npos);
}

TEST_F(BackupFileTest, SaysOfItselfWhatItWasTold) {
  Put("one", Write(database_));
  auto file = BackupFile::Open(folder_.File("one"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->manifest().ToText(), SampleManifest().ToText());
  EXPECT_EQ(file->manifest().lowest_kek_version(), 2u);
  EXPECT_EQ(file->manifest().highest_kek_version(), 3u);
}

TEST_F(BackupFileTest, RefusesAFileThatWasCutShort) {
  const std::string whole = Write(database_);
  const size_t beginning = whole.size() - 2 * kSealed - 1017;
  std::vector<size_t> sizes = {0, 1, 7, 8, 11, 12, 13, 100};
  for (size_t border : {beginning - 24, beginning, beginning + kSealed,
                        beginning + 2 * kSealed, whole.size()}) {
    for (int around = -2; around <= 2; ++around) {
      const size_t size = border + static_cast<size_t>(around);
      if (size < whole.size()) sizes.push_back(size);
    }
  }
  for (size_t size : sizes) {
    ExpectBroken(whole.substr(0, size), absl::StrCat("cut to ", size));
  }
}

TEST_F(BackupFileTest, RefusesAnythingAddedToIt) {
  const std::string whole = Write(database_);
  ExpectBroken(whole + "x", "a byte more");
  ExpectBroken(whole + whole.substr(whole.size() - kSealed), "a chunk more");
  // Where the last chunk is as large as any.
  ExpectBroken(Write(RandomBytes(kChunk)) + "x", "behind a whole chunk");
}

TEST_F(BackupFileTest, RefusesAFlippedBitInEveryRegion) {
  const std::string whole = Write(database_);
  const size_t beginning = whole.size() - 2 * kSealed - 1017;
  std::vector<size_t> places;
  for (size_t i = 0; i < beginning; ++i) places.push_back(i);
  for (size_t i = beginning; i < whole.size(); i += 4099) places.push_back(i);
  places.push_back(whole.size() - 1);
  for (size_t place : places) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ 4);
    ExpectBroken(changed, absl::StrCat("changed at ", place));
  }
}

TEST_F(BackupFileTest, RefusesChunksThatChangedPlaces) {
  const std::string whole = Write(database_);
  const size_t beginning = whole.size() - 2 * kSealed - 1017;
  const std::string first = whole.substr(beginning, kSealed);
  const std::string second = whole.substr(beginning + kSealed, kSealed);
  const std::string last = whole.substr(beginning + 2 * kSealed);
  const std::string before = whole.substr(0, beginning);
  ExpectBroken(before + second + first + last, "swapped");
  ExpectBroken(before + first + last, "left out");
  ExpectBroken(before + first + first + second + last, "doubled");
}

TEST_F(BackupFileTest, RefusesTheBeginningOfOneWithTheRestOfAnother) {
  const std::string one = Write(database_);
  const std::string other = Write(database_, SampleManifest("01jd9"));
  const size_t beginning = one.size() - 2 * kSealed - 1017;
  ASSERT_EQ(one.size(), other.size());
  ExpectBroken(one.substr(0, beginning) + other.substr(beginning), "mixed");
  // The manifest alone: its stream, and another's word of what is in it.
  const size_t stream = beginning - 24;
  ExpectBroken(other.substr(0, stream) + one.substr(stream), "another word");
  ExpectBroken(
      one.substr(0, beginning + kSealed) + other.substr(beginning + kSealed),
      "mixed later");
}

TEST_F(BackupFileTest, RefusesWhatIsNoBackup) {
  ExpectBroken("", "nothing");
  ExpectBroken(std::string(4096, '\0'), "zeros");
  ExpectBroken("SQLite format 3" + std::string(4096, '\0'), "a database");
}

TEST_F(BackupFileTest, StopsWhenItIsTold) {
  Put("one", Write(database_));
  auto file = BackupFile::Open(folder_.File("one"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(ReasonOf(file->Extract(
                key_, folder_.File("out"),
                [](int64_t, int64_t) { return errors::StorageFull(); })),
            "STORAGE_FULL");
  EXPECT_FALSE(fs::exists(folder_.File("out")));
}

TEST(BackupManifestTest, IsReadInTheOneFormThatIsWritten) {
  const std::string text = SampleManifest().ToText();
  auto parsed = BackupManifest::Parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->ToText(), text);
  EXPECT_EQ(parsed->wraps[1].wrapped, "wrap of 3");
  EXPECT_FALSE(BackupManifest::Parse(text + "\n").ok());
  EXPECT_FALSE(BackupManifest::Parse("{ " + text.substr(1)).ok());
  for (size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(BackupManifest::Parse(text.substr(0, i)).ok(), i == text.size());
  }
}

TEST(BackupManifestTest, RefusesMembersThatItDoesNotKnow) {
  std::string text = SampleManifest().ToText();
  text.insert(1, "\"also\":1,");
  EXPECT_EQ(ReasonOf(BackupManifest::Parse(text).status()), "BACKUP_BROKEN");
  EXPECT_FALSE(BackupManifest::Parse("[]").ok());
  EXPECT_FALSE(BackupManifest::Parse("{}").ok());
}

}  // namespace
}  // namespace tokenvault
