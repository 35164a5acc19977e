#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tokenvault {

// A table as RFC 4180 has it, in UTF-8: every field quoted, lines that end in
// CR LF. What a spreadsheet would take for a formula begins with an apostrophe
// instead: agents write some of it.
class CsvTable {
 public:
  explicit CsvTable(const std::vector<std::string>& header) { Add(header); }

  void Add(const std::vector<std::string>& row);
  std::string Take() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace tokenvault
