#include "cli/session.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

TEST(AdminSocketPath, TakesTheFlagFirst) {
  Environment env;
  env.socket = "/env.sock";
  EXPECT_EQ(AdminSocketPath("/flag.sock", env), "/flag.sock");
  EXPECT_EQ(AdminSocketPath("unix:/flag.sock", env), "/flag.sock");
  EXPECT_EQ(AdminSocketPath("", env), "/env.sock");
}

TEST(AdminSocketPath, PrefersThePersonsOwnDaemonIfThereIsOne) {
  TempFolder folder;
  Environment env;
  env.runtime_dir = folder.path();
  EXPECT_EQ(AdminSocketPath("", env), "/run/tokenvault/admin.sock");
  std::filesystem::create_directory(folder.path() + "/tokenvault");
  std::ofstream(folder.path() + "/tokenvault/admin.sock") << "";
  EXPECT_EQ(AdminSocketPath("", env), folder.path() + "/tokenvault/admin.sock");
}

}  // namespace
}  // namespace tokenvault
