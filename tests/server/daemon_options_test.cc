#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

// The command line of tokenvaultd itself, as scripts and service managers meet
// it.
namespace tokenvault {
namespace {

using ::testing::HasSubstr;

// Both streams are in `out`.
CommandResult RunDaemon(const std::string& arguments) {
  return RunShell(absl::StrCat("tokenvaultd ", arguments, " 2>&1"), "/", {});
}

class DaemonOptionsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& text) {
    const std::string path = folder_.File("tokenvault.toml");
    std::ofstream(path) << text;
    return path;
  }

  TempFolder folder_;
};

TEST_F(DaemonOptionsTest, FindsAConfigurationGood) {
  const std::string path = Write(R"(
[server]
public_url = "https://connect.example.com"
[seal]
type = "passphrase"
[[tenants]]
id = "default"
issuer = "https://idp.example.com"
client_id = "tokenvault"
)");
  const CommandResult ended = RunDaemon("--check-config --config " + path);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.out, HasSubstr("the configuration is good"));
}

TEST_F(DaemonOptionsTest, NamesThePlaceOfEachProblem) {
  const std::string path = Write("[server]\nhttp_listn = 1\n[storge]\n");
  const CommandResult ended = RunDaemon("--check-config --config " + path);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("tokenvault.toml:2:1"));
  EXPECT_THAT(ended.out, HasSubstr("tokenvault.toml:3:"));
}

TEST_F(DaemonOptionsTest, DoesNotServeWithoutAConfiguration) {
  const CommandResult ended =
      RunDaemon("--config " + folder_.File("not-there.toml"));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("not-there.toml"));
}

TEST_F(DaemonOptionsTest, RefusesWhatItDoesNotUnderstand) {
  for (const char* arguments :
       {"--nonsense", "serve", "--config", "--dev-ports 1,2",
        "--dev-ports 1,2,70000", "--dev-token-ttl soon", "--ready-fd x"}) {
    const CommandResult ended = RunDaemon(arguments);
    EXPECT_EQ(ended.exit_code, 2) << arguments;
    EXPECT_THAT(ended.out, HasSubstr("tokenvaultd --help")) << arguments;
  }
}

TEST_F(DaemonOptionsTest, TellsWhatItIs) {
  const CommandResult version = RunDaemon("--version");
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, HasSubstr("tokenvaultd "));
  const CommandResult help = RunDaemon("--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("--check-config"));
}

}  // namespace
}  // namespace tokenvault
