#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "cli/terminal.h"
#include "google/protobuf/message.h"

namespace tokenvault {

// How results are written: for people, for programs, for people who like it.
enum class Format { kTable, kJson, kYaml };

// Nothing for another word than "table", "json" or "yaml".
std::optional<Format> FormatByName(absl::string_view name);

// A piece of a line. Sanitized when it is printed.
struct Cell {
  // NOLINTNEXTLINE(google-explicit-constructor): a row is a list of words.
  Cell(std::string t, Color c = Color::kNone) : text(std::move(t)), color(c) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Cell(const char* t) : text(t) {}

  std::string text;
  Color color = Color::kNone;
};

// Aligned columns without borders, headings in capitals:
//
//   ID       PRESET   NARROWS
//   google   google   yes
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  void Add(std::vector<Cell> row);
  // Says how an empty table reads instead: "no connections".
  std::string ToText(const Terminal& terminal, absl::string_view empty) const;

 private:
  std::vector<std::vector<Cell>> rows_;  // headings first
};

// Labelled lines, labels aligned:
//
//   State             ready
//   Key generation    4   (rotated 12 days ago)
class Facts {
 public:
  // `min_width`: of the label column; it grows with the labels.
  explicit Facts(size_t min_width = 0) : width_(min_width) {}
  // A value of several lines goes on under itself.
  void Add(std::string label, std::vector<Cell> value);
  // Not if the text is empty.
  void AddIfAny(std::string label, std::string text);
  std::string ToText(const Terminal& terminal) const;

 private:
  size_t width_;
  std::vector<std::pair<std::string, std::vector<Cell>>> facts_;
};

// The proto JSON mapping: camelCase, defaults written out, one line, nothing in
// it that a terminal acts upon. Keys in `without` are left out at the top
// level.
std::string ToJson(const google::protobuf::Message& message,
                   const std::vector<std::string>& without = {});
// The same for people, indented.
std::string ToIndentedJson(const google::protobuf::Message& message);
// The same data as YAML.
std::string ToYaml(const google::protobuf::Message& message,
                   const std::vector<std::string>& without = {});

}  // namespace tokenvault
