#include "cli/printer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/plain_text.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"

namespace tokenvault {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kGap = 3;

Json ToJsonValue(const google::protobuf::Message& message,
                 const std::vector<std::string>& without) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options)
           .ok()) {
    return Json::object();  // only for Any of an unknown type: we have none
  }
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  for (const std::string& key : without) value.erase(key);
  return value;
}

// Words that need no quotes: not read as a number, a date or a truth by any
// version of YAML.
bool IsPlainYaml(absl::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (text.empty() || !is_letter(text[0])) return false;
  for (char c : text) {
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '.' && c != '/' &&
        c != '-' && c != '_' && c != '@') {
      return false;
    }
  }
  std::string lower = absl::AsciiStrToLower(text);
  for (const char* word :
       {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string YamlScalar(const Json& value) {
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    if (IsPlainYaml(text)) return text;
  }
  // JSON's strings, numbers and empty collections are YAML's.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsBlock(const Json& value) {
  return (value.is_object() || value.is_array()) && !value.empty();
}

void AppendYaml(const Json& value, size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  if (value.is_array()) {
    for (const Json& item : value) {
      if (!IsBlock(item)) {
        absl::StrAppend(&out, margin, "- ", YamlScalar(item), "\n");
        continue;
      }
      std::string block;
      AppendYaml(item, indent + 2, block);
      absl::StrAppend(&out, margin, "- ", block.substr(indent + 2));
    }
    return;
  }
  for (const auto& [key, item] : value.items()) {
    absl::StrAppend(&out, margin, YamlScalar(Json(key)), ":");
    if (!IsBlock(item)) {
      absl::StrAppend(&out, " ", YamlScalar(item), "\n");
      continue;
    }
    out += "\n";
    AppendYaml(item, indent + 2, out);
  }
}

std::string Padded(absl::string_view shown, size_t columns, size_t width) {
  return absl::StrCat(shown,
                      std::string(width > columns ? width - columns : 0, ' '));
}

std::string WithoutTrailingBlanks(absl::string_view line) {
  return std::string(absl::StripTrailingAsciiWhitespace(line));
}

}  // namespace

std::optional<Format> FormatByName(absl::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "json") return Format::kJson;
  if (name == "yaml") return Format::kYaml;
  return std::nullopt;
}

Table::Table(std::vector<std::string> headings) {
  std::vector<Cell> row;
  for (std::string& heading : headings) {
    row.emplace_back(std::move(heading), Color::kBold);
  }
  rows_.push_back(std::move(row));
}

void Table::Add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = SanitizeLine(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::ToText(const Terminal& terminal,
                          absl::string_view empty) const {
  if (rows_.size() == 1) return absl::StrCat(empty, "\n");
  std::vector<size_t> widths(rows_[0].size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], ColumnsOf(row[i].text));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      const bool last = i + 1 == row.size();
      absl::StrAppend(
          &line, Padded(terminal.Paint(row[i].color, row[i].text),
                        ColumnsOf(row[i].text), last ? 0 : widths[i] + kGap));
    }
    absl::StrAppend(&text, WithoutTrailingBlanks(line), "\n");
  }
  return text;
}

void Facts::Add(std::string label, std::vector<Cell> value) {
  width_ = std::max(width_, ColumnsOf(label) + kGap);
  facts_.emplace_back(std::move(label), std::move(value));
}

void Facts::AddIfAny(std::string label, std::string text) {
  if (!text.empty()) Add(std::move(label), {std::move(text)});
}

std::string Facts::ToText(const Terminal& terminal) const {
  std::string text;
  for (const auto& [label, value] : facts_) {
    std::vector<std::string> cells;
    for (const Cell& cell : value) {
      cells.push_back(terminal.Paint(cell.color, SanitizeText(cell.text)));
    }
    std::string shown = label;
    for (absl::string_view line :
         absl::StrSplit(absl::StrJoin(cells, "   "), '\n')) {
      absl::StrAppend(&text,
                      WithoutTrailingBlanks(absl::StrCat(
                          Padded(shown, ColumnsOf(shown), width_), line)),
                      "\n");
      shown.clear();
    }
  }
  return text;
}

std::string ToJson(const google::protobuf::Message& message,
                   const std::vector<std::string>& without) {
  return absl::StrCat(
      EscapeJsonForTerminal(
          ToJsonValue(message, without)
              .dump(-1, ' ', false, Json::error_handler_t::replace)),
      "\n");
}

std::string ToIndentedJson(const google::protobuf::Message& message) {
  constexpr int kIndent = 2;
  return absl::StrCat(
      EscapeJsonForTerminal(
          ToJsonValue(message, {})
              .dump(kIndent, ' ', false, Json::error_handler_t::replace)),
      "\n");
}

std::string ToYaml(const google::protobuf::Message& message,
                   const std::vector<std::string>& without) {
  std::string text;
  const Json value = ToJsonValue(message, without);
  if (value.empty()) return "{}\n";
  AppendYaml(value, 0, text);
  return EscapeJsonForTerminal(text);
}

}  // namespace tokenvault
