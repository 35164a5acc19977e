#include "verify/export_check.h"

#include <cstddef>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "verify/line_reader.h"

namespace tokenvault {
namespace {

// Seen by a person as steady, and not by the clock.
constexpr uint64_t kLinesBetween = uint64_t{1} << 15;

// False when the file could not be read to its end.
bool ReadExport(FILE* file, const std::string& name, LogChecker& checker,
                CheckProgress progress, const Report& report) {
  checker.BeginFile(name);
  LineReader lines(file);
  while (lines.Next()) {
    if (lines.too_long()) {
      checker.TooLongLine(lines.number());
    } else {
      checker.Line(lines.number(), lines.line());
    }
    if (lines.number() % kLinesBetween == 0) progress(report.leaves);
  }
  checker.EndFile(lines.has_end());
  return !lines.failed();
}

}  // namespace

absl::Status CheckExports(const std::vector<std::string>& paths,
                          const Trust& trust, CheckProgress progress,
                          Report& report) {
  LogChecker checker(trust, report);
  for (const std::string& path : paths) {
    const bool standard = path == "-";
    FILE* const file = standard ? stdin : fopen(path.c_str(), "re");
    const bool read =
        file != nullptr && ReadExport(file, standard ? "standard input" : path,
                                      checker, progress, report);
    if (file != nullptr && !standard) fclose(file);
    if (!read) {
      return errors::FieldInvalid(
          "export", absl::StrCat("cannot be read: ", Printable(path)));
    }
  }
  checker.Finish();
  return absl::OkStatus();
}

void CheckExportText(absl::string_view text, const Trust& trust,
                     Report& report) {
  LogChecker checker(trust, report);
  checker.BeginFile("export");
  uint64_t number = 0;
  bool has_end = true;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const absl::string_view line = text.substr(0, end);
    if (line.size() > LineReader::kLongestLine) {
      checker.TooLongLine(++number);
    } else {
      checker.Line(++number, line);
    }
    has_end = end != absl::string_view::npos;
    text.remove_prefix(has_end ? end + 1 : text.size());
  }
  checker.EndFile(has_end);
  checker.Finish();
}

}  // namespace tokenvault
