#include "cli/progress.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/humanize.h"

namespace tokenvault {
namespace {

constexpr int kWidest = 40;
constexpr absl::Duration kFirstLine = absl::Seconds(2);
constexpr absl::Duration kBetweenLines = absl::Seconds(10);

}  // namespace

std::optional<int64_t> Progress::Rate(int64_t done, absl::Duration elapsed) {
  if (elapsed < absl::Milliseconds(200) || done <= 0) return std::nullopt;
  return static_cast<int64_t>(static_cast<double>(done) /
                              absl::ToDoubleSeconds(elapsed));
}

std::string ProgressLine(absl::string_view label, int64_t done, int64_t total,
                         absl::Duration elapsed, int columns,
                         absl::string_view unit) {
  std::string tail = absl::StrCat("  ", Grouped(done), "/", Grouped(total));
  if (auto rate = Progress::Rate(done, elapsed); rate.has_value()) {
    absl::StrAppend(&tail, "  (", Grouped(*rate), " ", unit, "/s");
    if (*rate > 0 && done < total) {
      absl::StrAppend(&tail, ", ",
                      Lasting(absl::Seconds((total - done) / *rate + 1)),
                      " left");
    }
    tail += ")";
  }
  const int room = columns - 1 - static_cast<int>(label.size() + tail.size());
  const int width = std::clamp(room, 0, kWidest);
  const int filled =
      total > 0 ? static_cast<int>(width * std::min(done, total) / total)
                : width;
  std::string bar;
  for (int i = 0; i < width; ++i) absl::StrAppend(&bar, i < filled ? "█" : "░");
  return absl::StrCat(label, bar, tail);
}

Progress::Progress(Terminal& terminal, std::string label, absl::Time start,
                   std::string unit)
    : terminal_(terminal),
      label_(std::move(label)),
      start_(start),
      unit_(std::move(unit)),
      next_line_(start + kFirstLine) {}

void Progress::Show(int64_t done, int64_t total, absl::Time now) {
  if (terminal_.err_is_terminal()) {
    terminal_.Overwrite(ProgressLine(label_, done, total, now - start_,
                                     terminal_.columns(), unit_));
    return;
  }
  if (now < next_line_) return;
  next_line_ = now + kBetweenLines;
  terminal_.Note(ProgressLine(label_, done, total, now - start_, 0, unit_));
}

}  // namespace tokenvault
