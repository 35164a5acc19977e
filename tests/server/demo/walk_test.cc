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
#include "tests/cli/run_command.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

// `tokenvault demo run` through the whole of `tokenvaultd --dev` as it is: the
// vault with its pages and its client document, the persona, an agent and a
// person, from the question to the token that no longer works.
class DemoWalkTest : public testing::TestWithParam<const char*> {};

TEST_P(DemoWalkTest, LeadsFromTheQuestionToTheEnd) {
  ASSERT_TRUE(InitCrypto().ok());
  auto folder = PrivateFolder::Create();
  auto demo = PrepareDemo(SystemClock(), {0, 0, 0}, *folder);
  ASSERT_TRUE(demo.ok()) << demo.status();
  auto vault = Assembly::Start(SystemClock(), std::move(demo->parts));
  ASSERT_TRUE(vault.ok()) << vault.status();
  const std::string socket(
      absl::StripPrefix((*vault)->addresses().admin, "unix:"));
  const CommandResult walk = RunShell(
      absl::StrCat("tokenvault demo run --provider ", GetParam(), " 2>&1"), "/",
      {{"TOKENVAULT_SOCKET", socket}});
  EXPECT_THAT(walk.out, HasSubstr("All as it should be."));
  EXPECT_EQ(walk.exit_code, 0);
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
