#include "tests/floors/floors.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <utility>

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using Words = std::set<std::string>;

const Words& Floors() {
  static const auto* const kFloors = new Words{
      "base", "crypto", "storage", "oauth", "vault", "server", "cli", "verify"};
  return *kFloors;
}

// Which folders of ours a floor may include. "proto/errors" are the generated
// google.rpc messages, "proto/api" our own.
const Words& MayInclude(const std::string& floor) {
  static const auto* const kTable = new std::map<std::string, Words>{
      {"base", {"base", "proto/errors"}},
      {"crypto", {"base", "crypto"}},
      {"storage", {"base", "storage"}},
      {"oauth", {"base", "oauth", "proto/errors"}},
      {"vault",
       {"base", "crypto", "storage", "oauth", "vault", "proto/errors"}},
      {"server",
       {"base", "crypto", "storage", "oauth", "vault", "server", "proto/errors",
        "proto/api"}},
      {"cli",
       {"base", "crypto", "storage", "oauth", "vault", "cli", "proto/errors",
        "proto/api"}},
      // Whoever checks a log does not trust what wrote it.
      {"verify", {"base", "crypto", "verify"}}};
  return kTable->at(floor);
}

// Where each third party lives. The key is the folder, or the file, that the
// include begins with. What is not in here and is no system header has
// not been let in yet: that takes a decision, and then a line here.
const std::map<std::string, Words>& ThirdParties() {
  static const auto* const kTable = new std::map<std::string, Words>{
      {"seccomp.h", {"server"}},
      {"sodium.h", {"base", "crypto"}},
      {"p11-kit", {"crypto"}},
      {"spdlog", {"base"}},
      {"sqlite3.h", {"storage"}},
      {"curl", {"oauth"}},
      {"openssl", {"oauth", "server"}},
      {"toml++", {"oauth", "server", "cli"}},
      {"nlohmann",
       {"base", "crypto", "oauth", "vault", "server", "cli", "verify"}},
      {"google", {"base", "server", "cli"}},
      {"grpc", {"server", "cli"}},
      {"grpcpp", {"server", "cli"}},
      {"CLI", {"server", "cli"}},
      {"boost", {"server"}},
      {"kainjow", {"server"}},
      {"prometheus", {"server"}}};
  return *kTable;
}

// Headers of the operating system that are in folders.
const Words& SystemFolders() {
  static const auto* const kFolders =
      new Words{"arpa", "linux", "net", "netinet", "sys"};
  return *kFolders;
}

// Calls that reach the world past the doors, and the files that wire the house.
struct Fence {
  std::regex call;
  std::string name;
  Words files;  // without the extension; a folder ends with a slash

  bool LetsIn(const std::string& stem) const {
    return files.count(stem) > 0 ||
           files.count(stem.substr(0, stem.find('/') + 1)) > 0;
  }
};

const std::vector<Fence>& Fences() {
  static const auto* const kFences = new std::vector<Fence>{
      {std::regex(R"(\bSystemClock\s*\()"),
       "SystemClock()",
       {"base/clock", "server/main", "server/assembly", "cli/main"}},
      {std::regex(R"(\babsl::Now\s*\()"),
       "absl::Now()",
       {"base/clock", "base/log", "server/", "cli/"}},
      {std::regex(R"(\bgetenv\s*\()"),
       "getenv()",
       {"server/main", "server/config", "cli/main", "crypto/root_key"}}};
  return *kFences;
}

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Where the literal that begins at `i` ends, or `i` when none begins there.
size_t EndOfLiteral(const std::string& text, size_t i) {
  if (text.compare(i, 2, "R\"") == 0) {
    size_t open = text.find('(', i);
    if (open == std::string::npos) return text.size();
    std::string close = ")" + text.substr(i + 2, open - i - 2) + "\"";
    size_t end = text.find(close, open);
    return end == std::string::npos ? text.size() : end + close.size();
  }
  // A quote between two digits separates thousands.
  bool separator = text[i] == '\'' && i > 0 && std::isxdigit(text[i - 1]);
  if ((text[i] != '"' && text[i] != '\'') || separator) return i;
  size_t end = i + 1;
  while (end < text.size() && text[end] != text[i]) {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

// The code without comments and literals; lines keep their numbers.
std::string CodeOnly(const std::string& text) {
  std::string code;
  size_t i = 0;
  while (i < text.size()) {
    size_t end = EndOfLiteral(text, i);
    if (text.compare(i, 2, "//") == 0) {
      end = std::min(text.find('\n', i), text.size());
    } else if (text.compare(i, 2, "/*") == 0) {
      size_t close = text.find("*/", i + 2);
      end = close == std::string::npos ? text.size() : close + 2;
    }
    if (end == i) {
      code.push_back(text[i++]);
      continue;
    }
    for (; i < end; ++i) code.push_back(text[i] == '\n' ? '\n' : ' ');
  }
  return code;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The folder that an include names, as the two tables call it.
std::string FolderOf(const std::string& included) {
  if (included.rfind("google/rpc/", 0) == 0) return "proto/errors";
  if (included.rfind("tokenvault/v1/", 0) == 0) return "proto/api";
  return included.substr(0, included.find('/'));
}

// What is wrong with this include on this floor, or "".
std::string JudgeInclude(const std::string& floor, const std::string& included,
                         bool angled) {
  if (included == "absl/synchronization/mutex.h") {
    return "locks are base/mutex.h";
  }
  if (floor == "storage" && included == "base/secret.h") {
    return "storage holds only what is sealed";
  }
  if (floor == "oauth" && included == "base/clock.h") {
    return "oauth is told the time";
  }
  const std::string first = included.substr(0, included.find('/'));
  if (first == "absl") return "";
  const std::string folder = FolderOf(included);
  // The one door between neighbours: `tokenvault init` and the checks that need
  // no daemon read the daemon's configuration with the daemon's own reader.
  if (floor == "cli" && included == "server/config.h") return "";
  auto party = ThirdParties().find(folder);
  if (party != ThirdParties().end()) {
    return party->second.count(floor) > 0 ? "" : first + " lives elsewhere";
  }
  if (angled) {
    bool system = first == included || SystemFolders().count(first) > 0;
    return system ? "" : first + " has not been let in";
  }
  return MayInclude(floor).count(folder) > 0 ? ""
                                             : "not a floor below " + floor;
}

class Inspection {
 public:
  explicit Inspection(fs::path root) : root_(std::move(root)) {
    for (const std::string& line : Lines(Read(root_ / "tests/reveal.txt"))) {
      if (!line.empty() && line[0] != '#') listed_.insert(line);
    }
  }

  void Inspect(const std::string& floor, const fs::path& path) {
    static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
    static const std::regex kReveal(R"(\bReveal\s*\()");
    const std::string file = path.lexically_relative(root_).generic_string();
    const std::string stem = file.substr(0, file.rfind('.'));
    const std::string text = Read(path);
    const std::vector<std::string> written = Lines(text);
    const std::vector<std::string> code = Lines(CodeOnly(text));
    for (size_t i = 0; i < code.size(); ++i) {
      // A quoted include is a literal, so it is read as it was written; a
      // commented one has left no '#' in the code.
      std::smatch match;
      if (code[i].find('#') != std::string::npos &&
          std::regex_search(written[i], match, kInclude)) {
        std::string wrong = JudgeInclude(floor, match[2], match[1] == "<");
        if (!wrong.empty()) {
          Report(file, i, "includes " + match[2].str() + ": " + wrong);
        }
      }
      for (const Fence& fence : Fences()) {
        if (!fence.LetsIn(stem) && std::regex_search(code[i], fence.call)) {
          Report(file, i, "calls " + fence.name);
        }
      }
      if (std::regex_search(code[i], kReveal)) {
        revealing_.insert(file);
        if (listed_.count(file) == 0) {
          Report(file, i, "calls Reveal() and is not in tests/reveal.txt");
        }
      }
    }
  }

  std::vector<std::string> Finish() {
    for (const std::string& file : listed_) {
      if (revealing_.count(file) == 0) {
        breaches_.push_back("tests/reveal.txt: " + file +
                            " does not call Reveal()");
      }
    }
    std::sort(breaches_.begin(), breaches_.end());
    return std::move(breaches_);
  }

 private:
  void Report(const std::string& file, size_t index, const std::string& what) {
    breaches_.push_back(file + ":" + std::to_string(index + 1) + ": " + what);
  }

  const fs::path root_;
  Words listed_;
  Words revealing_;
  std::vector<std::string> breaches_;
};

}  // namespace

std::vector<std::string> FindBreaches(const std::string& root) {
  Inspection inspection{fs::path(root)};
  for (const std::string& floor : Floors()) {
    if (!fs::exists(fs::path(root) / floor)) continue;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(root) / floor)) {
      std::string extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") {
        inspection.Inspect(floor, entry.path());
      }
    }
  }
  return inspection.Finish();
}

}  // namespace tokenvault
