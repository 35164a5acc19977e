#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/config.h"
#include "server/config_tree.h"

namespace tokenvault {

// What came out of reading a configuration, next to the values.
struct ConfigReport {
  std::vector<std::pair<std::string, std::string>> problems;  // where, what
  std::vector<ConfigValueShown> effective;
  std::vector<std::string> warnings;

  void Problem(absl::string_view where, absl::string_view what);
  // A CONFIG_INVALID of another floor.
  void Problem(const absl::Status& status);
  // CONFIG_INVALID with every problem on a line of its own, or ok.
  absl::Status ToStatus() const;
};

// "; did you mean …", "; known: …" or "": the end of a sentence about `name`,
// which is none of `known`.
std::string DidYouMean(absl::string_view name,
                       const std::vector<std::string>& known);

// Reads one table, key by key. A key that is asked for is thereby known; Finish
// reports those nobody asked for. Whatever is wrong goes to the report, with
// the place, and the default is returned: reading goes on.
//
//   ConfigTable server(node, "server", report);
//   settings.reflection = server.Bool("reflection", dev);
//   server.Finish();
class ConfigTable {
 public:
  // `node` may be null: every key is absent.
  ConfigTable(const ConfigNode* node, absl::string_view path,
              ConfigReport& report);

  bool Has(absl::string_view key) const;
  const ConfigNode* Find(absl::string_view key);
  // Where the key stands, or, when it is absent, the table.
  std::string Where(absl::string_view key) const;
  std::string Where() const;
  const std::string& path() const { return path_; }
  // Names the thing in what is shown, once its id is known: "agents.mailer".
  void Rename(absl::string_view path) { path_ = std::string(path); }

  std::string String(absl::string_view key, absl::string_view otherwise);
  // Absent or empty is a problem, with `advice` on what to write.
  std::string RequiredString(absl::string_view key, absl::string_view advice);
  bool Bool(absl::string_view key, bool otherwise);
  // Between `least` and `most`.
  int64_t Integer(absl::string_view key, int64_t otherwise, int64_t least,
                  int64_t most);
  // At least `least`.
  absl::Duration Duration(absl::string_view key, absl::Duration otherwise,
                          absl::Duration least);
  std::vector<std::string> Strings(absl::string_view key,
                                   std::vector<std::string> otherwise);
  std::string OneOf(absl::string_view key,
                    const std::vector<std::string>& values,
                    absl::string_view otherwise);
  // [a-z0-9-]{1,64}. Not shown: it becomes part of the path.
  std::string RequiredId(absl::string_view key);

  void Problem(absl::string_view key, absl::string_view what);
  // Reports unknown keys.
  void Finish();

 private:
  void Show(absl::string_view key, const ConfigNode* node,
            absl::string_view otherwise);

  const ConfigNode* node_;
  std::string path_;
  ConfigReport& report_;
  std::set<std::string> known_;
};

// Whether the key's value would be a secret: "client_secret", not
// "client_secret_file".
bool NamesASecret(absl::string_view key);
// Reports secrets that are written down in the tree. Says where, never what.
void ReportLiteralSecrets(const ConfigNode& tree, ConfigReport& report);

}  // namespace tokenvault
