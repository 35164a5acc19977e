#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>

#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"

namespace tokenvault {
namespace {

TEST(CliDocs, GiveEveryExitCodeTheMeaningOfTheHelp) {
  std::ifstream file(TOKENVAULT_SOURCE_DIR "/docs/cli.md");
  const std::string docs((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  const std::string help = ExitCodeHelp();
  const std::regex line("\n +([0-9]+)   ([^\n]+)");
  int codes = 0;
  for (std::sregex_iterator it(help.begin(), help.end(), line), end; it != end;
       ++it, ++codes) {
    EXPECT_THAT(docs,
                testing::HasSubstr(absl::StrCat("\n| ", (*it)[1].str(), " | ",
                                                (*it)[2].str(), " |")));
  }
  EXPECT_EQ(codes, 8);
}

}  // namespace
}  // namespace tokenvault
