#include "server/config_reader.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "oauth/nearest_name.h"
#include "oauth/toml_fields.h"

namespace tokenvault {
namespace {

using Kind = ConfigNode::Kind;

// Beginnings of what providers and clouds hand out as secrets.
constexpr absl::string_view kSecretBeginnings[] = {
    "-----BEGIN", "GOCSPX-", "ghp_",  "gho_",   "ghs_",     "github_pat_",
    "xoxb-",      "xoxp-",   "xoxe.", "glpat-", "sk_live_", "eyJhbGci",
    "AKIA",       "ya29.",   "1//0",  "shpat_", "AIzaSy",   "hvs.",
};

void FindSecrets(const ConfigNode& node, absl::string_view key,
                 ConfigReport& report) {
  if (NamesASecret(key) && node.kind == Kind::kString) {
    report.Problem(node.place,
                   absl::StrCat(key,
                                " must not stand here: put the secret in "
                                "a file that only tokenvault can read, "
                                "and write ",
                                key, "_file = \"/path\" or \"cred:NAME\""));
    return;
  }
  if (node.kind == Kind::kString) {
    for (absl::string_view beginning : kSecretBeginnings) {
      if (absl::StartsWith(node.text, beginning)) {
        report.Problem(node.place,
                       "this looks like a secret: put it in a file that only "
                       "tokenvault can read, and name that file with the "
                       "matching *_file key");
        return;
      }
    }
  }
  for (const ConfigNode& item : node.items) FindSecrets(item, key, report);
  for (const auto& [name, value] : node.entries) {
    FindSecrets(value, name, report);
  }
}

}  // namespace

void ConfigReport::Problem(absl::string_view where, absl::string_view what) {
  problems.emplace_back(where, what);
}

void ConfigReport::Problem(const absl::Status& status) {
  std::string where = MetadataOf(status, "where");
  absl::string_view what = status.message();
  absl::ConsumePrefix(&what, absl::StrCat(where, ": "));
  Problem(where, what);
}

absl::Status ConfigReport::ToStatus() const {
  if (problems.empty()) return absl::OkStatus();
  std::string what = problems[0].second;
  for (size_t i = 1; i < problems.size(); ++i) {
    absl::StrAppend(&what, "\n", problems[i].first, ": ", problems[i].second);
  }
  return errors::ConfigInvalid(problems[0].first, what);
}

std::string DidYouMean(absl::string_view name,
                       const std::vector<std::string>& known) {
  if (std::string nearest = NearestName(name, known); !nearest.empty()) {
    return absl::StrCat("; did you mean \"", nearest, "\"?");
  }
  if (known.empty() || known.size() > 12) return "";
  return absl::StrCat("; known: ", absl::StrJoin(known, ", "));
}

bool NamesASecret(absl::string_view key) {
  static const auto* const kNames = new std::set<std::string>{
      "access_token", "api_key",     "client_secret", "passphrase",
      "password",     "private_key", "refresh_token", "secret",
      "token",        "root_key",    "master_key",    "key",
  };
  return kNames->count(std::string(key)) > 0;
}

void ReportLiteralSecrets(const ConfigNode& tree, ConfigReport& report) {
  FindSecrets(tree, "", report);
}

// ------------------------------------------------------------- ConfigTable --

ConfigTable::ConfigTable(const ConfigNode* node, absl::string_view path,
                         ConfigReport& report)
    : node_(node), path_(path), report_(report) {
  if (node_ != nullptr && node_->kind != Kind::kTable) {
    report_.Problem(node_->place,
                    absl::StrCat(path_, " is a table, not a value"));
    node_ = nullptr;
  }
}

bool ConfigTable::Has(absl::string_view key) const {
  return node_ != nullptr && node_->Find(key) != nullptr;
}

const ConfigNode* ConfigTable::Find(absl::string_view key) {
  known_.insert(std::string(key));
  return node_ == nullptr ? nullptr : node_->Find(key);
}

std::string ConfigTable::Where(absl::string_view key) const {
  const ConfigNode* value = node_ == nullptr ? nullptr : node_->Find(key);
  return value == nullptr ? Where() : value->place;
}

std::string ConfigTable::Where() const {
  return node_ == nullptr || node_->place.empty()
             ? absl::StrCat("[", path_, "]")
             : node_->place;
}

void ConfigTable::Problem(absl::string_view key, absl::string_view what) {
  report_.Problem(Where(key), what);
}

void ConfigTable::Show(absl::string_view key, const ConfigNode* node,
                       absl::string_view otherwise) {
  report_.effective.push_back(
      {absl::StrCat(path_, ".", key),
       node == nullptr ? std::string(otherwise) : node->ToToml(),
       node == nullptr ? "default" : node->place});
}

std::string ConfigTable::String(absl::string_view key,
                                absl::string_view otherwise) {
  const ConfigNode* node = Find(key);
  if (node != nullptr && node->kind != Kind::kString) {
    Problem(key, absl::StrCat(key, " wants a text in quotes"));
    return std::string(otherwise);
  }
  ConfigNode shown;
  shown.kind = Kind::kString;
  shown.text = std::string(otherwise);
  Show(key, node, shown.ToToml());
  return node == nullptr ? std::string(otherwise) : node->text;
}

std::string ConfigTable::RequiredString(absl::string_view key,
                                        absl::string_view advice) {
  std::string text = String(key, "");
  const ConfigNode* node = Find(key);
  if (text.empty() && (node == nullptr || node->kind == Kind::kString)) {
    Problem(key,
            absl::StrCat(key, node == nullptr ? " is missing" : " is empty",
                         ": ", advice));
  }
  return text;
}

bool ConfigTable::Bool(absl::string_view key, bool otherwise) {
  const ConfigNode* node = Find(key);
  bool value = otherwise;
  if (node != nullptr) {
    if (node->kind == Kind::kBoolean) {
      value = node->boolean;
    } else if (node->from_environment &&
               (node->text == "true" || node->text == "false")) {
      value = node->text == "true";
    } else {
      Problem(key, absl::StrCat(key, " wants true or false, without quotes"));
    }
  }
  Show(key, node, otherwise ? "true" : "false");
  return value;
}

int64_t ConfigTable::Integer(absl::string_view key, int64_t otherwise,
                             int64_t least, int64_t most) {
  const ConfigNode* node = Find(key);
  Show(key, node, absl::StrCat(otherwise));
  if (node == nullptr) return otherwise;
  if (node->kind == Kind::kInteger && node->integer >= least &&
      node->integer <= most) {
    return node->integer;
  }
  Problem(key, absl::StrCat(key, " wants a whole number from ", least, " to ",
                            most, ", without quotes"));
  return otherwise;
}

absl::Duration ConfigTable::Duration(absl::string_view key,
                                     absl::Duration otherwise,
                                     absl::Duration least) {
  const ConfigNode* node = Find(key);
  Show(key, node, absl::StrCat("\"", absl::FormatDuration(otherwise), "\""));
  if (node == nullptr) return otherwise;
  absl::Duration value;
  if (node->kind != Kind::kString || !ParseTomlDuration(node->text, value)) {
    Problem(key, absl::StrCat(key,
                              " wants a duration such as \"30s\", \"15m\", "
                              "\"1h\" or \"90d\""));
    return otherwise;
  }
  if (value < least || value == absl::InfiniteDuration()) {
    Problem(key,
            absl::StrCat(key, " must be at least \"",
                         absl::FormatDuration(least), "\" and not endless"));
    return otherwise;
  }
  return value;
}

std::vector<std::string> ConfigTable::Strings(
    absl::string_view key, std::vector<std::string> otherwise) {
  const ConfigNode* node = Find(key);
  ConfigNode shown;
  shown.kind = Kind::kArray;
  for (const std::string& text : otherwise) {
    shown.items.emplace_back();
    shown.items.back().kind = Kind::kString;
    shown.items.back().text = text;
  }
  Show(key, node, shown.ToToml());
  if (node == nullptr) return otherwise;
  if (node->from_environment) {
    return absl::StrSplit(node->text, ',', absl::SkipEmpty());
  }
  std::vector<std::string> values;
  bool good = node->kind == Kind::kArray;
  for (const ConfigNode& item : node->items) {
    good = good && item.kind == Kind::kString && !item.text.empty();
    values.push_back(item.text);
  }
  if (!good) {
    Problem(key, absl::StrCat(key, " wants a list of texts: [\"…\", \"…\"]"));
    return otherwise;
  }
  return values;
}

std::string ConfigTable::OneOf(absl::string_view key,
                               const std::vector<std::string>& values,
                               absl::string_view otherwise) {
  std::string text = String(key, otherwise);
  if (!text.empty() &&
      std::find(values.begin(), values.end(), text) == values.end()) {
    Problem(key,
            absl::StrCat(key, " is one of: ", absl::StrJoin(values, ", ")));
    return std::string(otherwise);
  }
  return text;
}

std::string ConfigTable::RequiredId(absl::string_view key) {
  constexpr char kAdvice[] =
      "write 1 to 64 lower-case letters, digits and hyphens";
  const ConfigNode* node = Find(key);
  std::string id = node == nullptr ? "" : node->text;
  bool good =
      !id.empty() && id.size() <= 64 &&
      std::all_of(id.begin(), id.end(), [](char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
      });
  if (!good) {
    Problem(key,
            absl::StrCat(
                key, Has(key) ? " is not an id: " : " is missing: ", kAdvice));
    return "";
  }
  return id;
}

void ConfigTable::Finish() {
  if (node_ == nullptr) return;
  std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : node_->entries) {
    if (known_.count(key) > 0) continue;
    // Said already, and better, by ReportLiteralSecrets.
    if (NamesASecret(key) && value.kind == Kind::kString) continue;
    std::string what = absl::StrCat("[", path_, "] has no key \"", key, "\"",
                                    DidYouMean(key, known));
    if (value.from_environment) {
      report_.warnings.push_back(absl::StrCat(value.place, ": ", what));
    } else {
      report_.Problem(value.place, what);
    }
  }
}

}  // namespace tokenvault
