#include "oauth/toml_fields.h"

#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/toml_library.h"

namespace tokenvault {
namespace {

std::string_view Std(absl::string_view text) {
  return {text.data(), text.size()};
}

std::string Where(const toml::source_position& at, absl::string_view file) {
  return absl::StrCat(file, ":", at.line, ":", at.column);
}

absl::StatusOr<TomlField> ReadValue(const toml::node& node,
                                    const std::string& where) {
  TomlField field;
  field.where = where;
  if (auto text = node.value_exact<std::string>()) {
    field.value = *std::move(text);
  } else if (auto flag = node.value_exact<bool>()) {
    field.value = *flag;
  } else if (auto number = node.value_exact<int64_t>()) {
    field.value = *number;
  } else if (const toml::array* array = node.as_array()) {
    std::vector<std::string> list;
    for (const toml::node& item : *array) {
      auto text = item.value_exact<std::string>();
      if (!text.has_value()) {
        return errors::ConfigInvalid(where, "the list may hold strings only");
      }
      list.push_back(*std::move(text));
    }
    field.value = std::move(list);
  } else {
    return errors::ConfigInvalid(
        where, "must be a string, a list of strings, true, false or a number");
  }
  return field;
}

// As deep as the document is; the parser bounds that.
absl::Status Flatten(const toml::table& table, absl::string_view file,
                     TomlPath& path, TomlFields& fields) {
  for (const auto& [key, node] : table) {
    path.emplace_back(std::string_view(key));
    if (const toml::table* inner = node.as_table()) {
      RETURN_IF_ERROR(Flatten(*inner, file, path, fields));
    } else {
      ASSIGN_OR_RETURN(TomlField field,
                       ReadValue(node, Where(node.source().begin, file)));
      fields.emplace(path, std::move(field));
    }
    path.pop_back();
  }
  return absl::OkStatus();
}

absl::StatusOr<toml::table> Parse(absl::string_view text,
                                  absl::string_view file) {
  toml::parse_result result = toml::parse(Std(text), Std(file));
  if (!result) {
    // Where, but not what the parser says: it quotes the text, and a secret may
    // stand there by mistake.
    return errors::ConfigInvalid(Where(result.error().source().begin, file),
                                 "is not valid TOML");
  }
  return std::move(result).table();
}

}  // namespace

absl::StatusOr<TomlFields> ReadToml(absl::string_view text,
                                    absl::string_view file) {
  ASSIGN_OR_RETURN(const toml::table table, Parse(text, file));
  TomlFields fields;
  TomlPath path;
  RETURN_IF_ERROR(Flatten(table, file, path, fields));
  return fields;
}

absl::StatusOr<TomlFields> ReadTomlElement(absl::string_view text,
                                           absl::string_view file,
                                           absl::string_view name,
                                           size_t index) {
  ASSIGN_OR_RETURN(const toml::table table, Parse(text, file));
  const toml::array* elements = table[Std(name)].as_array();
  const toml::table* element = nullptr;
  if (elements != nullptr && index < elements->size()) {
    element = elements->get(index)->as_table();
  }
  if (element == nullptr) {
    return errors::ConfigInvalid(
        file, absl::StrCat("has no [[", name, "]] table number ", index + 1));
  }
  TomlFields fields;
  TomlPath path;
  RETURN_IF_ERROR(Flatten(*element, file, path, fields));
  return fields;
}

bool ParseTomlDuration(absl::string_view text, absl::Duration& duration) {
  int days = 0;
  if (absl::ConsumeSuffix(&text, "d")) {
    if (!absl::SimpleAtoi(text, &days)) return false;
    duration = days * absl::Hours(24);
    return true;
  }
  return absl::ParseDuration(text, &duration);
}

std::string TextAt(const TomlFields& fields, const TomlPath& path) {
  auto it = fields.find(path);
  if (it == fields.end()) return "";
  const auto* text = std::get_if<std::string>(&it->second.value);
  return text == nullptr ? "" : *text;
}

std::string TomlName(const TomlPath& path) { return absl::StrJoin(path, "."); }

}  // namespace tokenvault
