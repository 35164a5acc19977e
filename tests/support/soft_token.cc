#include "tests/support/soft_token.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

constexpr char kModule[] = "/usr/lib/softhsm/libsofthsm2.so";
constexpr char kPin[] = "246810";

void RunTool(const std::string& command) {
  const int code =
      std::system(absl::StrCat(command, " >/dev/null 2>&1").c_str());
  ASSERT_EQ(code, 0) << command;
}

}  // namespace

SoftToken::SoftToken() {
  std::ofstream(folder_.File("softhsm2.conf"))
      << "directories.tokendir = " << folder_.File("tokens") << "\n"
      << "log.level = ERROR\n";
  std::filesystem::create_directory(folder_.File("tokens"));
  setenv("SOFTHSM2_CONF", folder_.File("softhsm2.conf").c_str(), 1);
  RunTool(absl::StrCat("softhsm2-util --init-token --free --label vault --pin ",
                       kPin, " --so-pin 13579"));
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

void SoftToken::Tool(const std::string& arguments) {
  RunTool(absl::StrCat("pkcs11-tool --module ", kModule,
                       " --token-label vault --login --pin ", kPin, " ",
                       arguments));
}

void SoftToken::WritePin(const std::string& pin) {
  const std::string path = folder_.File("pin");
  std::filesystem::remove(path);
  std::ofstream(path) << pin << "\n";
  chmod(path.c_str(), 0400);
}

}  // namespace tokenvault
