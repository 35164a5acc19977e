#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// A TOML document as plain values that know where they were written. It keeps
// the TOML library, which is slow to compile, in one file.
struct ConfigEntry;

struct ConfigNode {
  enum class Kind { kString, kInteger, kBoolean, kArray, kTable, kOther };

  Kind kind = Kind::kTable;
  std::string text;  // kString
  int64_t integer = 0;
  bool boolean = false;
  std::vector<ConfigNode> items;     // kArray
  std::vector<ConfigEntry> entries;  // kTable
  std::string place;                 // "file:line:column", or a variable's name
  // It is the text of an environment variable: "true" and "a,b" are read as
  // what the key wants.
  bool from_environment = false;

  // Not here: a ConfigEntry is not known yet.
  ConfigNode();
  ~ConfigNode();
  ConfigNode(const ConfigNode&);
  ConfigNode(ConfigNode&&) noexcept;
  ConfigNode& operator=(const ConfigNode&);
  ConfigNode& operator=(ConfigNode&&) noexcept;

  // Null when there is none.
  const ConfigNode* Find(absl::string_view key) const;
  // Adds the entry or replaces it.
  void Set(absl::string_view key, ConfigNode value);
  // As TOML on one line.
  std::string ToToml() const;
};

struct ConfigEntry {
  std::string key;
  ConfigNode value;
};

// Where a document stops being TOML. What stands there is not quoted: it may be
// a secret.
struct ConfigSyntaxError {
  std::string place;
};

std::variant<ConfigNode, ConfigSyntaxError> ParseConfigTree(
    absl::string_view file, absl::string_view toml);

}  // namespace tokenvault
