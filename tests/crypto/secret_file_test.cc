#include "crypto/secret_file.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFile Write(const std::string& content, mode_t mode = 0400) {
    SecretFile file;
    file.path = folder_.File("secret");
    std::ofstream(file.path) << content;
    chmod(file.path.c_str(), mode);
    return file;
  }
  static void ExpectRefused(const SecretFile& file, const std::string& words) {
    absl::Status status = ReadSecretFile(file).status();
    EXPECT_EQ(ReasonOf(status), "ROOT_KEY_INVALID");
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }

  TempFolder folder_;
};

TEST_F(SecretFileTest, ReadsOneLineHoweverItEnds) {
  for (const std::string end : {"", "\n", "\r\n", "\nmore\n"}) {
    auto read = ReadSecretFile(Write("correct horse" + end));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(read->Equals(Secret::Copy("correct horse")));
    ASSERT_EQ(remove(folder_.File("secret").c_str()), 0);
  }
}

TEST_F(SecretFileTest, RefusesWhatOthersMayRead) {
  ExpectRefused(Write("x\n", 0440), "may be read by others");
}

// systemd shows the unit's right to read its credential as the group's.
TEST_F(SecretFileTest, TakesACredentialAsSystemdGivesIt) {
  SecretFile file = Write("x\n", 0440);
  file.is_credential = true;
  EXPECT_TRUE(ReadSecretFile(file).ok());
  chmod(file.path.c_str(), 0444);
  ExpectRefused(file, "may be read by others");
}

TEST_F(SecretFileTest, RefusesWhatIsNoSecret) {
  ExpectRefused(Write("\n"), "is empty");
  chmod(folder_.File("secret").c_str(), 0600);
  ExpectRefused(Write(std::string(1025, 'a')), "more than 1024 bytes");
  ExpectRefused({folder_.path(), false}, "is not a file");
  ExpectRefused({folder_.File("none"), false}, "is not a file");
}

}  // namespace
}  // namespace tokenvault
