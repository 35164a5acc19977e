#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "crypto/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/assembly.h"
#include "server/config.h"
#include "server/dev_mode.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

// `tokenvault demo run` through the whole of `tokenvaultd --dev` as it is: the
// vault with its pages and its client document, the persona, an agent and a
// person, from the question to the token that no longer works.
class DemoWalkTest : public testing::TestWithParam<const char*> {};

std::string RunCommand(const std::string& line) {
  std::string text;
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return "no shell";
  std::array<char, 4096> piece;
  size_t size = 0;
  while ((size = fread(piece.data(), 1, piece.size(), pipe)) > 0) {
    text.append(piece.data(), size);
  }
  const int status = pclose(pipe);
  return absl::StrCat(text, "\nexit ",
                      WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

TEST_P(DemoWalkTest, LeadsFromTheQuestionToTheEnd) {
  ASSERT_TRUE(InitCrypto().ok());
  auto folder = PrivateFolder::Create();
  auto demo = PrepareDemo(SystemClock(), {0, 0, 0}, *folder);
  ASSERT_TRUE(demo.ok()) << demo.status();
  auto vault = Assembly::Start(SystemClock(), std::move(demo->parts));
  ASSERT_TRUE(vault.ok()) << vault.status();
  const std::string socket(
      absl::StripPrefix((*vault)->addresses().admin, "unix:"));
  const std::string said = RunCommand(
      absl::StrCat("TOKENVAULT_SOCKET='", socket, "' '", TOKENVAULT_BINARY,
                   "' demo run --provider ", GetParam(), " 2>&1 </dev/null"));
  EXPECT_THAT(said, HasSubstr("All as it should be."));
  EXPECT_THAT(said, HasSubstr("\nexit 0"));
  (*vault)->Stop(absl::Seconds(5));
}

// Those of server/demo.toml, as docs/demo.md lists them.
INSTANTIATE_TEST_SUITE_P(
    EveryProvider, DemoWalkTest,
    testing::Values("demo", "demo-google", "demo-github", "demo-slack",
                    "demo-notion", "demo-box", "demo-salesforce", "demo-mcp"),
    [](const auto& info) {
      std::string name;
      for (absl::string_view word : absl::StrSplit(info.param, '-')) {
        name += absl::StrCat(absl::AsciiStrToUpper(word.substr(0, 1)),
                             word.substr(1));
      }
      return name;
    });

}  // namespace
}  // namespace tokenvault
