#include "server/config_tree.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "oauth/toml_library.h"

namespace tokenvault {
namespace {

std::string Place(absl::string_view file, const toml::source_position& at) {
  return absl::StrCat(file, ":", at.line, ":", at.column);
}

ConfigNode Convert(absl::string_view file, const toml::node& from) {
  ConfigNode to;
  to.place = Place(file, from.source().begin);
  if (const auto* text = from.as_string()) {
    to.kind = ConfigNode::Kind::kString;
    to.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    to.kind = ConfigNode::Kind::kInteger;
    to.integer = integer->get();
  } else if (const auto* boolean = from.as_boolean()) {
    to.kind = ConfigNode::Kind::kBoolean;
    to.boolean = boolean->get();
  } else if (const auto* array = from.as_array()) {
    to.kind = ConfigNode::Kind::kArray;
    for (const toml::node& item : *array) {
      to.items.push_back(Convert(file, item));
    }
  } else if (const auto* table = from.as_table()) {
    to.kind = ConfigNode::Kind::kTable;
    for (const auto& [key, value] : *table) {
      to.Set(std::string(key.str()), Convert(file, value));
    }
  } else {
    to.kind = ConfigNode::Kind::kOther;
  }
  return to;
}

bool IsBareKey(absl::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '-';
  });
}

std::string Quoted(absl::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", absl::string_view(&c, 1));
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(&out, "\\u%04X", static_cast<unsigned char>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace

ConfigNode::ConfigNode() = default;
ConfigNode::~ConfigNode() = default;
ConfigNode::ConfigNode(const ConfigNode&) = default;
ConfigNode::ConfigNode(ConfigNode&&) noexcept = default;
ConfigNode& ConfigNode::operator=(const ConfigNode&) = default;
ConfigNode& ConfigNode::operator=(ConfigNode&&) noexcept = default;

const ConfigNode* ConfigNode::Find(absl::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

void ConfigNode::Set(absl::string_view key, ConfigNode value) {
  for (auto& [name, old] : entries) {
    if (name == key) {
      old = std::move(value);
      return;
    }
  }
  entries.push_back({std::string(key), std::move(value)});
}

std::string ConfigNode::ToToml() const {
  switch (kind) {
    case Kind::kString:
      return Quoted(text);
    case Kind::kInteger:
      return absl::StrCat(integer);
    case Kind::kBoolean:
      return boolean ? "true" : "false";
    case Kind::kArray:
      return absl::StrCat(
          "[",
          absl::StrJoin(items, ", ",
                        [](std::string* out, const ConfigNode& item) {
                          absl::StrAppend(out, item.ToToml());
                        }),
          "]");
    case Kind::kTable:
      return absl::StrCat(
          "{",
          absl::StrJoin(
              entries, ", ",
              [](std::string* out, const ConfigEntry& entry) {
                absl::StrAppend(
                    out, IsBareKey(entry.key) ? entry.key : Quoted(entry.key),
                    " = ", entry.value.ToToml());
              }),
          "}");
    case Kind::kOther:
      return "?";
  }
  return "?";
}

std::variant<ConfigNode, ConfigSyntaxError> ParseConfigTree(
    absl::string_view file, absl::string_view toml) {
  toml::parse_result result =
      toml::parse(std::string_view(toml.data(), toml.size()));
  if (!result) {
    return ConfigSyntaxError{Place(file, result.error().source().begin)};
  }
  return Convert(file, result.table());
}

}  // namespace tokenvault
