#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_folder.h"

// The command line of tokenvaultd itself, as scripts and service managers meet
// it.
namespace tokenvault {
namespace {

using ::testing::HasSubstr;

struct Ended {
  std::string text;  // of both streams
  int exit_code = -1;
};

Ended RunDaemon(const std::string& arguments) {
  const std::string line =
      absl::StrCat("env -u TOKENVAULT_CONFIG '", TOKENVAULT_DAEMON, "' ",
                   arguments, " 2>&1 </dev/null");
  Ended ended;
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return ended;
  std::array<char, 4096> piece;
  size_t size = 0;
  while ((size = fread(piece.data(), 1, piece.size(), pipe)) > 0) {
    ended.text.append(piece.data(), size);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  return ended;
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
  const Ended ended = RunDaemon("--check-config --config " + path);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_THAT(ended.text, HasSubstr("the configuration is good"));
}

TEST_F(DaemonOptionsTest, NamesThePlaceOfEachProblem) {
  const std::string path = Write("[server]\nhttp_listn = 1\n[storge]\n");
  const Ended ended = RunDaemon("--check-config --config " + path);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.text, HasSubstr("tokenvault.toml:2:1"));
  EXPECT_THAT(ended.text, HasSubstr("tokenvault.toml:3:"));
}

TEST_F(DaemonOptionsTest, DoesNotServeWithoutAConfiguration) {
  const Ended ended = RunDaemon("--config " + folder_.File("not-there.toml"));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.text, HasSubstr("not-there.toml"));
}

TEST_F(DaemonOptionsTest, RefusesWhatItDoesNotUnderstand) {
  for (const char* arguments :
       {"--nonsense", "serve", "--config", "--dev-ports 1,2",
        "--dev-ports 1,2,70000", "--dev-token-ttl soon", "--ready-fd x"}) {
    const Ended ended = RunDaemon(arguments);
    EXPECT_EQ(ended.exit_code, 2) << arguments;
    EXPECT_THAT(ended.text, HasSubstr("tokenvaultd --help")) << arguments;
  }
}

TEST_F(DaemonOptionsTest, TellsWhatItIs) {
  const Ended version = RunDaemon("--version");
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.text, HasSubstr("tokenvaultd "));
  const Ended help = RunDaemon("--help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, HasSubstr("--check-config"));
}

}  // namespace
}  // namespace tokenvault
