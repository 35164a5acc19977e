#include "tests/support/soft_token.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace tokenvault {
namespace {

constexpr char kModule[] = "/usr/lib/softhsm/libsofthsm2.so";
constexpr char kPin[] = "246810";

// Without a shell, and without what it says.
void RunTool(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_WRONLY, 0);
  }
  pid_t pid = 0;
  const int spawned = posix_spawnp(&pid, arguments[0], &quiet, nullptr,
                                   arguments.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  ASSERT_EQ(spawned, 0) << command[0];
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0) << command[0];
}

}  // namespace

SoftToken::SoftToken() {
  std::ofstream(folder_.File("softhsm2.conf"))
      << "directories.tokendir = " << folder_.File("tokens") << "\n"
      << "log.level = ERROR\n";
  std::filesystem::create_directory(folder_.File("tokens"));
  setenv("SOFTHSM2_CONF", folder_.File("softhsm2.conf").c_str(), 1);
  RunTool({"softhsm2-util", "--init-token", "--free", "--label", "vault",
           "--pin", kPin, "--so-pin", "13579"});
  WritePin(kPin);
}

SoftToken::~SoftToken() { unsetenv("SOFTHSM2_CONF"); }

Pkcs11Key SoftToken::Key() const {
  Pkcs11Key key;
  key.module = kModule;
  key.uri = "pkcs11:token=vault;object=root";
  key.pin_file.path = folder_.File("pin");
  return key;
}

void SoftToken::Remove() {
  std::filesystem::rename(folder_.File("tokens"), folder_.File("away"));
  std::filesystem::create_directory(folder_.File("tokens"));
}

void SoftToken::PutBack() {
  std::filesystem::remove(folder_.File("tokens"));
  std::filesystem::rename(folder_.File("away"), folder_.File("tokens"));
}

void SoftToken::Tool(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"pkcs11-tool",   "--module", kModule,
                                      "--token-label", "vault",    "--login",
                                      "--pin",         kPin};
  command.insert(command.end(), arguments.begin(), arguments.end());
  RunTool(command);
}

void SoftToken::WritePin(const std::string& pin) {
  const std::string path = folder_.File("pin");
  std::filesystem::remove(path);
  std::ofstream(path) << pin << "\n";
  chmod(path.c_str(), 0400);
}

}  // namespace tokenvault
