#include "server/csv_table.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace tokenvault {
namespace {

// Tab and line ends too: some programs drop them, and then see what follows.
// The wide forms of these signs are the same to some.
bool LooksLikeFormula(absl::string_view field) {
  static constexpr absl::string_view kSigns[] = {
      "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"};
  for (absl::string_view sign : kSigns) {
    if (absl::StartsWith(field, sign)) return true;
  }
  return false;
}

}  // namespace

void CsvTable::Add(const std::vector<std::string>& row) {
  const char* separator = "";
  for (const std::string& field : row) {
    absl::StrAppend(&text_, separator, "\"", LooksLikeFormula(field) ? "'" : "",
                    absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\"");
    separator = ",";
  }
  text_ += "\r\n";
}

}  // namespace tokenvault
