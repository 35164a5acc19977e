#include "verify/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReportTest, PrintsNothingThatMovesATerminal) {
  EXPECT_EQ(Printable("a\x1b[2J\n\xe2\x80\xae z"), "a?[2J???? z");
  EXPECT_EQ(Printable(std::string(300, 'x')).size(), 203);
  Report report;
  report.origin = "\x1b]0;";
  report.Add(Fault{"\x1b[2J", 1, 0, 0, "is empty"});
  for (const std::string& text : {report.ToText(), report.ToJson()}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
}

TEST(ReportTest, JoinsRangesOfWhichTheSameIsSaid) {
  using State = LeafRange::State;
  Report report;
  report.Add(LeafRange{1, 5, State::kSigned, {}});
  report.Add(LeafRange{6, 5, State::kDamaged, {}});
  report.Add(LeafRange{6, 9, State::kSigned, {}});
  report.Add(LeafRange{10, 12, State::kDamaged, {}});
  report.Add(LeafRange{20, 30, State::kDamaged, {}});
  ASSERT_EQ(report.ranges.size(), 3);
  EXPECT_EQ(report.ranges[0].last, 9);
}

TEST(ReportTest, SaysTheSameInJson) {
  Report report;
  report.Add(LeafRange{1,
                       5,
                       LeafRange::State::kWitnessed,
                       {{"w", 5, absl::FromUnixSeconds(0)}}});
  report.Add(Fault{"f", 3, 4, 5, "x"});
  const auto json = nlohmann::json::parse(report.ToJson());
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["ranges"][0]["state"], "witnessed");
  EXPECT_EQ(json["ranges"][0]["witnesses"][0]["at"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(json["faults"][0]["last"], 5);
}

TEST(ReportTest, SaysWhatItCannotSee) {
  Report report;
  report.Add(LeafRange{7, 9, LeafRange::State::kSigned, {}});
  const std::string text = report.ToText();
  for (const char* words : {"whether the key", "by --witnessed", "before 7",
                            "after 9", "is true", "whose name"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  report.key_was_given = true;
  EXPECT_THAT(report.ToText(), Not(HasSubstr("whether the key")));
}

}  // namespace
}  // namespace tokenvault
