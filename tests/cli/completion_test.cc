#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

using testing::HasSubstr;

TEST(BashCompletion, CompletesCommandsAndOptions) {
  TempFolder folder;
  std::ofstream(folder.path() + "/script")
      << "source <(tokenvault completion bash)\n"
         "COMP_WORDS=(tokenvault key rotate --d) COMP_CWORD=3\n"
         "_tokenvault; echo \"${COMPREPLY[@]}\"\n"
         "COMP_WORDS=(tokenvault k) COMP_CWORD=1\n"
         "_tokenvault; echo \"${COMPREPLY[@]}\"\n"
         "COMP_WORDS=(tokenvault --socket=/x connection re) COMP_CWORD=3\n"
         "_tokenvault; echo \"${COMPREPLY[@]}\"\n";
  const CommandResult result = RunShell("bash ./script", folder.path(), {});
  EXPECT_EQ(result.out, "--dry-run\nkey\nresume revoke\n");
  EXPECT_EQ(result.err, "");
}

TEST(ZshCompletion, NamesEveryCommand) {
  const std::string script =
      ZshCompletion({{"", {"key"}, {"--help"}}, {"key", {"rotate"}, {}}});
  EXPECT_THAT(script, HasSubstr("\"\") words_typed=\"key --help\" ;;"));
  EXPECT_THAT(script, HasSubstr("\"key\") words_typed=\"rotate\" ;;"));
}

TEST(FishCompletion, NamesEveryCommand) {
  const std::string script =
      FishCompletion({{"", {"key"}, {}}, {"key", {"rotate"}, {"--help"}}});
  EXPECT_THAT(
      script,
      HasSubstr("complete -c tokenvault -f -n '__tokenvault_at ' -a key\n"));
  EXPECT_THAT(
      script,
      HasSubstr("complete -c tokenvault -n '__tokenvault_at key' -l help\n"));
}

}  // namespace
}  // namespace tokenvault
