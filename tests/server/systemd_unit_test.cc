#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/syscall_filter.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

// deploy/tokenvault.service, by systemd's own tools; it need not run.
namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ReadUnit() {
  std::ifstream file(
      absl::StrCat(TOKENVAULT_SOURCE_DIR, "/deploy/tokenvault.service"));
  return {std::istreambuf_iterator<char>(file), {}};
}

CommandResult Analyze(const std::string& arguments) {
  return RunShell(
      absl::StrCat("PATH=$PATH:/usr/bin systemd-analyze ", arguments, " 2>&1"),
      "/", {});
}

class SystemdUnitTest : public ::testing::Test {
 protected:
  // A copy whose program exists: systemd looks.
  std::string Installed() {
    const std::string path = folder_.File("tokenvault.service");
    std::ofstream(path) << absl::StrReplaceAll(
        ReadUnit(), {{"/usr/bin/tokenvaultd",
                      absl::StrReplaceAll(TOKENVAULT_BINARY,
                                          {{"/tokenvault", "/tokenvaultd"}})}});
    return path;
  }

  TempFolder folder_;
};

// The calls that a line of SystemCallFilter= names, groups taken apart.
void AddCalls(const std::string& name, std::set<std::string>& calls) {
  if (!absl::StartsWith(name, "@")) {
    calls.insert(name);
    return;
  }
  const CommandResult shown = Analyze("syscall-filter " + name);
  ASSERT_EQ(shown.exit_code, 0) << shown.out;
  for (absl::string_view line : absl::StrSplit(shown.out, '\n')) {
    const absl::string_view word = absl::StripAsciiWhitespace(line);
    if (!word.empty() && word[0] != '#' && word != name) {
      AddCalls(std::string(word), calls);
    }
  }
}

TEST_F(SystemdUnitTest, IsGoodToSystemd) {
  const CommandResult verified = Analyze("verify " + Installed());
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  EXPECT_EQ(verified.out, "");
}

TEST_F(SystemdUnitTest, IsExposedToLittle) {
  const CommandResult rated =
      Analyze("security --offline=yes --threshold=20 " + Installed());
  EXPECT_EQ(rated.exit_code, 0) << rated.out;
  EXPECT_THAT(rated.out, HasSubstr("Overall exposure level"));
}

TEST_F(SystemdUnitTest, KeepsMemoryOffDisks) {
  const std::string unit = ReadUnit();
  for (const char* line :
       {"LimitMEMLOCK=64M", "LimitCORE=0", "MemorySwapMax=0", "MemoryMax=1G",
        "StateDirectoryMode=0700", "RuntimeDirectoryMode=0700", "UMask=0077",
        "NoNewPrivileges=yes", "User=tokenvault", "Type=notify"}) {
    EXPECT_THAT(unit, HasSubstr(absl::StrCat("\n", line, "\n")));
  }
}

// What our own filter lets through, systemd's must not end.
TEST_F(SystemdUnitTest, LetsThroughWhatTheDaemonNeeds) {
  std::set<std::string> allowed, denied;
  // systemd lets these through always.
  AddCalls("@default", allowed);
  std::istringstream unit(ReadUnit());
  for (std::string line; std::getline(unit, line);) {
    absl::string_view words = line;
    if (!absl::ConsumePrefix(&words, "SystemCallFilter=")) continue;
    const bool denies = absl::ConsumePrefix(&words, "~");
    for (absl::string_view word : absl::StrSplit(words, ' ')) {
      AddCalls(std::string(word), denies ? denied : allowed);
    }
  }
  std::set<std::string> missing;
  for (const std::string& call : AllowedSyscalls()) {
    if (allowed.count(call) == 0 || denied.count(call) > 0)
      missing.insert(call);
  }
  EXPECT_THAT(missing, IsEmpty());
  // It makes the filter, and what is in it, itself.
  for (const char* call : {"seccomp", "memfd_secret", "mlock2", "prctl"}) {
    EXPECT_EQ(allowed.count(call), 1u) << call;
    EXPECT_EQ(denied.count(call), 0u) << call;
  }
}

}  // namespace
}  // namespace tokenvault
