#include "crypto/root_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "crypto/envelope.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr char kHexKey[] =
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f";

class RootKeyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "/root_key_test.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string WriteFile(const std::string& content, mode_t mode = 0400) {
    const std::string path = folder_ + "/root.key";
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file),
            std::istreambuf_iterator<char>()};
  }
  // The root key of kHexKey.
  RootKey FileRoot() {
    return RootKey::FromFile(*arena_, WriteFile(std::string(kHexKey) + "\n"))
        .value();
  }
  void ExpectRefused(const absl::StatusOr<RootKey>& root,
                     const std::string& words) {
    EXPECT_EQ(ReasonOf(root.status()), "ROOT_KEY_INVALID");
    EXPECT_THAT(std::string(root.status().message()), HasSubstr(words));
  }

  std::string folder_;
  const std::unique_ptr<SecretArena> arena_ = NewTestArena();
  const std::string deployment_ = KnownBinding().deployment_id;
  const ArenaKey kek_ = KeyOfByte(*arena_, 'm');
};

// -------------------------------------------------------------------- files --

TEST_F(RootKeyTest, CreatesAFileThatItOpens) {
  const std::string path = folder_ + "/root.key";
  ASSERT_TRUE(RootKey::CreateFile(path).ok());
  EXPECT_THAT(ReadFile(path), MatchesRegex("[0-9a-f]{64}\n"));
  EXPECT_TRUE(RootKey::FromFile(*arena_, path).ok());
}

TEST_F(RootKeyTest, CreatesTheFileReadOnlyForItsOwnerWhateverTheUmask) {
  for (mode_t mask : {0000, 0022, 0777}) {
    const std::string path = folder_ + "/root.key";
    const mode_t before = umask(mask);
    const absl::Status created = RootKey::CreateFile(path);
    umask(before);
    ASSERT_TRUE(created.ok());
    struct stat info = {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0400u);
    ASSERT_EQ(unlink(path.c_str()), 0);
  }
}

TEST_F(RootKeyTest, CreatesAnotherKeyEachTime) {
  ASSERT_TRUE(RootKey::CreateFile(folder_ + "/a").ok());
  ASSERT_TRUE(RootKey::CreateFile(folder_ + "/b").ok());
  EXPECT_NE(ReadFile(folder_ + "/a"), ReadFile(folder_ + "/b"));
}

TEST_F(RootKeyTest, NeverOverwritesAKey) {
  const std::string path = WriteFile(std::string(kHexKey) + "\n");
  EXPECT_EQ(ReasonOf(RootKey::CreateFile(path)), "ALREADY_EXISTS");
  EXPECT_EQ(ReadFile(path), std::string(kHexKey) + "\n");
}

TEST_F(RootKeyTest, DoesNotCreateThroughASymbolicLink) {
  const std::string link = folder_ + "/link";
  ASSERT_EQ(symlink((folder_ + "/elsewhere").c_str(), link.c_str()), 0);
  EXPECT_EQ(ReasonOf(RootKey::CreateFile(link)), "ALREADY_EXISTS");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/elsewhere"));
}

TEST_F(RootKeyTest, ReportsAFolderThatIsNotThere) {
  EXPECT_EQ(ReasonOf(RootKey::CreateFile(folder_ + "/none/root.key")),
            "ROOT_KEY_INVALID");
}

TEST_F(RootKeyTest, RefusesAFileThatIsNotThere) {
  ExpectRefused(RootKey::FromFile(*arena_, folder_ + "/none"), "is not there");
}

TEST_F(RootKeyTest, RefusesEveryOtherMode) {
  for (mode_t mode = 0; mode <= 07777; ++mode) {
    // Without the right to read it, only root gets as far as the mode.
    if (mode == 0400 || (mode & 0400) == 0) continue;
    const std::string path = WriteFile(std::string(kHexKey) + "\n", mode);
    ExpectRefused(RootKey::FromFile(*arena_, path), "chmod 0400");
    ASSERT_EQ(unlink(path.c_str()), 0);
  }
}

TEST_F(RootKeyTest, RefusesASymbolicLink) {
  const std::string path = WriteFile(std::string(kHexKey) + "\n");
  const std::string link = folder_ + "/link";
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  ExpectRefused(RootKey::FromFile(*arena_, link), "symbolic link");
}

TEST_F(RootKeyTest, RefusesWhatIsNoRegularFile) {
  ExpectRefused(RootKey::FromFile(*arena_, folder_), "not a regular file");
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0400), 0);
  ExpectRefused(RootKey::FromFile(*arena_, fifo), "not a regular file");
}

TEST_F(RootKeyTest, RefusesTheFileOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const std::string path = WriteFile(std::string(kHexKey) + "\n");
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
  ExpectRefused(RootKey::FromFile(*arena_, path), "another user");
}

TEST_F(RootKeyTest, RefusesEveryOtherContent) {
  const std::string hex = kHexKey;
  const std::vector<std::string> contents = {
      "",
      "\n",
      hex,                          // no newline
      hex + "\n\n",                 // one too many
      hex + " ",                    // something else at the end
      hex.substr(1) + "\n",         // too short
      hex + "0\n",                  // too long
      " " + hex.substr(1) + "\n",   // white space
      hex.substr(0, 63) + "g\n",    // no hex digit
      hex.substr(0, 62) + "\n0\n",  // two lines
      std::string(65, '\0'),        // binary
      hex.substr(0, 30) + ":" + hex.substr(31) + "\n"};
  for (const std::string& content : contents) {
    const std::string path = WriteFile(content);
    ExpectRefused(RootKey::FromFile(*arena_, path), "64 hex digits");
    ASSERT_EQ(unlink(path.c_str()), 0);
  }
}

TEST_F(RootKeyTest, SaysNothingOfTheContentItRefuses) {
  const std::string path = WriteFile("my-secret-passphrase-by-mistake");
  const absl::Status status = RootKey::FromFile(*arena_, path).status();
  EXPECT_EQ(status.ToString().find("my-secret"), std::string::npos);
}

// -------------------------------------------------------------- passphrases --

class PassphraseTest : public RootKeyTest {
 protected:
  absl::StatusOr<RootKey> From(absl::string_view passphrase,
                               const RootKey::Argon2Params& params) {
    return RootKey::FromPassphrase(*arena_, Secret::Copy(passphrase), params);
  }

  // The cheapest that is allowed.
  const RootKey::Argon2Params params_ = {
      .salt = "0123456789abcdef", .ops = 1, .mem_bytes = uint64_t{64} << 20};
};

TEST_F(PassphraseTest, OpensWhatTheSamePassphraseWrapped) {
  const std::string wrapped = From("correct horse", params_)
                                  ->WrapMasterKey(deployment_, 1, "p", kek_)
                                  .value();
  const auto kek = From("correct horse", params_)
                       ->UnwrapMasterKey(*arena_, deployment_, 1, "p", wrapped);
  ASSERT_TRUE(kek.ok());
  EXPECT_EQ(kek->view(), kek_.view());
}

TEST_F(PassphraseTest, SaysThatAnotherPassphraseIsWrong) {
  const std::string wrapped = From("correct horse", params_)
                                  ->WrapMasterKey(deployment_, 1, "p", kek_)
                                  .value();
  RootKey::Argon2Params other_salt = params_;
  other_salt.salt[0] ^= 1;
  RootKey::Argon2Params other_cost = params_;
  other_cost.ops = 2;
  for (const auto& root :
       {From("correct horsf", params_), From("correct horse", other_salt),
        From("correct horse", other_cost)}) {
    const auto kek =
        root->UnwrapMasterKey(*arena_, deployment_, 1, "p", wrapped);
    EXPECT_EQ(ReasonOf(kek.status()), "ROOT_KEY_INVALID");
    EXPECT_THAT(std::string(kek.status().message()),
                HasSubstr("wrong passphrase or key file"));
  }
}

TEST_F(PassphraseTest, RefusesAnEmptyOne) {
  ExpectRefused(From("", params_), "empty");
}

TEST_F(PassphraseTest, RefusesParametersOutOfBounds) {
  std::vector<RootKey::Argon2Params> bad(5, params_);
  bad[0].salt.pop_back();
  bad[1].ops = 0;
  bad[2].ops = 17;
  bad[3].mem_bytes -= 1;
  bad[4].mem_bytes = (uint64_t{4} << 30) + 1;
  for (const RootKey::Argon2Params& params : bad) {
    ExpectRefused(From("correct horse", params), "out of bounds");
  }
}

// -------------------------------------------------------------- master keys --

TEST_F(RootKeyTest, UnwrapsTheKnownAnswer) {
  const KnownAnswer answer = WrapKnownAnswers()[1];
  const auto kek = FileRoot().UnwrapMasterKey(*arena_, deployment_, 5, "file",
                                              answer.envelope);
  ASSERT_TRUE(kek.ok());
  EXPECT_EQ(kek->view(), answer.plaintext);
}

TEST_F(RootKeyTest, NamesItselfInTheWrapAsTheKnownAnswerDoes) {
  const auto header = ParseEnvelopeHeader(
      FileRoot().WrapMasterKey(deployment_, 5, "file", kek_).value());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->object, SealedObject::kWrappedKek);
  EXPECT_EQ(header->key_version, 1u);
  EXPECT_EQ(header->key_id, WrapKnownAnswers()[1].key_id);
}

TEST_F(RootKeyTest, SaysThatAnotherKeyFileIsWrong) {
  const std::string wrapped =
      FileRoot().WrapMasterKey(deployment_, 1, "file", kek_).value();
  ASSERT_TRUE(RootKey::CreateFile(folder_ + "/other").ok());
  const RootKey other = RootKey::FromFile(*arena_, folder_ + "/other").value();
  const auto kek =
      other.UnwrapMasterKey(*arena_, deployment_, 1, "file", wrapped);
  EXPECT_EQ(ReasonOf(kek.status()), "ROOT_KEY_INVALID");
  EXPECT_THAT(std::string(kek.status().message()),
              HasSubstr("wrong passphrase or key file"));
}

TEST_F(RootKeyTest, RefusesAWrapOutOfItsPlace) {
  const RootKey root = FileRoot();
  const std::string wrapped =
      root.WrapMasterKey(deployment_, 1, "file", kek_).value();
  std::string other_deployment = deployment_;
  other_deployment[0] ^= 1;
  std::string damaged = wrapped;
  damaged[200] ^= 1;
  const std::vector<absl::Status> refusals = {
      root.UnwrapMasterKey(*arena_, other_deployment, 1, "file", wrapped)
          .status(),
      root.UnwrapMasterKey(*arena_, deployment_, 2, "file", wrapped).status(),
      root.UnwrapMasterKey(*arena_, deployment_, 1, "tape", wrapped).status(),
      root.UnwrapMasterKey(*arena_, deployment_, 1, "file", damaged).status(),
      root.UnwrapMasterKey(*arena_, deployment_, 1, "file", "").status()};
  for (const absl::Status& refusal : refusals) {
    EXPECT_EQ(ReasonOf(refusal), "ROOT_KEY_INVALID");
    EXPECT_THAT(std::string(refusal.message()), HasSubstr("damaged"));
  }
}

TEST_F(RootKeyTest, SaysSoWhenTheArenaIsFull) {
  const std::string path = WriteFile(std::string(kHexKey) + "\n");
  std::vector<ArenaKey> filling;
  while (arena_->used() < arena_->capacity()) {
    filling.push_back(ArenaKey::Random(*arena_).value());
  }
  EXPECT_EQ(ReasonOf(RootKey::FromFile(*arena_, path).status()),
            "MEMORY_NOT_LOCKED");
}

TEST_F(RootKeyTest, RefusesToWrapAKeyThatMovedAway) {
  ArenaKey taken = KeyOfByte(*arena_, 'k');
  const ArenaKey taker = std::move(taken);
  EXPECT_EQ(
      ReasonOf(
          FileRoot().WrapMasterKey(deployment_, 1, "file", taken).status()),
      "INTERNAL");
}

}  // namespace
}  // namespace tokenvault
