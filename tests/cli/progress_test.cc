#include "cli/progress.h"

#include <gtest/gtest.h>

#include "cli/plain_text.h"

namespace tokenvault {
namespace {

TEST(ProgressLine, ShowsRowsRateAndTimeLeft) {
  EXPECT_EQ(ProgressLine("Re-wrapping ", 500, 1000, absl::Seconds(1), 70),
            "Re-wrapping ███████████░░░░░░░░░░░  500/1 000  "
            "(500 rows/s, 2 s left)");
}

TEST(ProgressLine, FitsTheTerminal) {
  EXPECT_LT(
      ColumnsOf(ProgressLine("Re-wrapping ", 1, 1000, absl::Seconds(1), 60)),
      60u);
}

TEST(ProgressLine, IsFullAtTheEndAndWithNothingToDo) {
  EXPECT_EQ(ProgressLine("", 0, 0, absl::ZeroDuration(), 12), "██████  0/0");
}

TEST(Progress, TellsNoRateTooEarly) {
  EXPECT_FALSE(Progress::Rate(5, absl::Milliseconds(10)).has_value());
  EXPECT_EQ(Progress::Rate(500, absl::Seconds(2)), 250);
}

}  // namespace
}  // namespace tokenvault
