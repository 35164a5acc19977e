#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "tests/cli/fake_daemon.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

// What people type, and what they read: transcripts/*.txt, against the real
// binary and a fake daemon. A transcript reads
//
//   # a comment
//   @ sealed              what the daemon is: see StateNamed; "none" for none
//   @ file NAME           the lines up to "@ end" are that file, mode 0600
//   $ tokenvault …        a line of shell
//   …                     what it prints,
//   ! …                   what it says on stderr,
//   ? 2                   and its exit code
//
// Times and hashes are masked; the test's own folder reads $DIR, in files too.
// With TOKENVAULT_UPDATE_TRANSCRIPTS=1 in the environment, the files are
// written anew instead: read the difference before you believe it.
namespace tokenvault {
namespace {

namespace fs = std::filesystem;

const char kFolder[] = TOKENVAULT_SOURCE_DIR "/tests/cli/transcripts";

std::vector<std::string> Transcripts() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

FakeDaemonState StateNamed(const std::string& words) {
  FakeDaemonState state;
  const auto has = [&](const char* word) {
    return words.find(word) != std::string::npos;
  };
  state.sealed = has("sealed");
  state.initialized = !has("uninitialized");
  state.damaged = has("damaged");
  state.demo = has("demo");
  state.bad_config = has("bad-config");
  state.rotation_fails = has("failing-rotation");
  state.failing_provider = has("failing-provider");
  state.rotating = has("rotating");
  state.hostile = has("hostile");
  state.locked = has("locked");
  state.stops_unwritten = has("unwritten");
  state.long_log = has("long-log");
  return state;
}

std::string Replaced(std::string text, const std::string& from,
                     const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// As wide as what they hide, so that columns stay columns.
std::string Masked(std::string text, const std::string& folder) {
  text = Replaced(std::move(text), folder, "$DIR");
  text = std::regex_replace(
      text, std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z"),
      "YYYY-MM-DDThh:mm:ssZ");
  // A configuration's generation.
  text = std::regex_replace(text, std::regex("[0-9a-f]{12}-[0-9a-f]{8}"),
                            "xxxxxxxxxxxx-xxxxxxxx");
  return std::regex_replace(
      text,
      std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?"),
      "YYYY-MM-DD hh:mm");
}

std::string Prefixed(const std::string& text, const std::string& prefix) {
  std::string lines;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = text.find('\n', start);
    if (end == std::string::npos) end = text.size();
    lines += prefix + text.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return lines;
}

class Transcript : public testing::TestWithParam<std::string> {};

TEST_P(Transcript, ReadsAsWritten) {
  const fs::path path = fs::path(kFolder) / (GetParam() + ".txt");
  std::ifstream input(path);
  ASSERT_TRUE(input.good());
  TempFolder folder;
  const std::map<std::string, std::string> env = {
      {"TOKENVAULT_SOCKET", folder.path() + "/admin.sock"},
      {"TOKENVAULT_ADDRESS", "unix:" + folder.path() + "/agent.sock"},
      {"DIR", folder.path()}};
  std::unique_ptr<FakeDaemon> daemon;

  std::string wanted;
  std::string seen;
  int commands = 0;
  bool in_answer = false;
  std::string line;
  while (std::getline(input, line)) {
    wanted += line + "\n";
    if (in_answer) {
      in_answer = line.rfind("? ", 0) != 0;
      continue;
    }
    seen += line + "\n";
    if (line.rfind("@ file ", 0) == 0) {
      const std::string name = folder.path() + "/" + line.substr(7);
      std::ofstream file(name);
      while (std::getline(input, line) && line != "@ end") {
        wanted += line + "\n";
        seen += line + "\n";
        file << Replaced(line, "$DIR", folder.path()) << "\n";
      }
      wanted += "@ end\n";
      seen += "@ end\n";
      file.close();
      fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write);
    } else if (line.rfind("@ ", 0) == 0) {
      daemon.reset();
      if (line != "@ none") {
        daemon = std::make_unique<FakeDaemon>(folder.path(),
                                              StateNamed(line.substr(2)));
      }
    } else if (line.rfind("$ ", 0) == 0) {
      ++commands;
      const CommandResult result = RunShell(line.substr(2), folder.path(), env);
      seen += Masked(Prefixed(result.out, "") + Prefixed(result.err, "! "),
                     folder.path());
      seen += "? " + std::to_string(result.exit_code) + "\n";
      in_answer = true;
    }
  }
  EXPECT_GT(commands, 0);
  EXPECT_FALSE(in_answer) << "the last command has no exit code";
  const char* update = std::getenv("TOKENVAULT_UPDATE_TRANSCRIPTS");
  if (update != nullptr && std::string(update) == "1") {
    std::ofstream(path) << seen;
    FAIL() << "written anew: " << path;
  }
  EXPECT_EQ(seen, wanted);
}

INSTANTIATE_TEST_SUITE_P(Cli, Transcript, testing::ValuesIn(Transcripts()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace tokenvault
