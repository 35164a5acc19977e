#include "verify/log_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/verify/written_log.h"
#include "verify/report.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using State = LeafRange::State;

using Lines = std::vector<std::string>;

std::vector<std::string> RangesOf(const Report& report) {
  static constexpr const char* kNames[] = {"witnessed", "signed", "unsigned",
                                           "damaged"};
  std::vector<std::string> ranges;
  for (const LeafRange& range : report.ranges) {
    ranges.push_back(absl::StrCat(range.first, "-", range.last, " ",
                                  kNames[static_cast<int>(range.state)]));
  }
  return ranges;
}

auto Says(const std::string& words) {
  return Contains(Field(&Fault::problem, HasSubstr(words)));
}
auto SaysOf(uint64_t first, uint64_t last, const std::string& words) {
  return Contains(AllOf(Field(&Fault::first, first), Field(&Fault::last, last),
                        Field(&Fault::problem, HasSubstr(words))));
}

class LogCheckerTest : public ::testing::Test {
 protected:
  LogCheckerTest() { trust_.key = log_.verifier(); }

  Report Check(const std::vector<Lines>& files) const {
    Report report;
    LogChecker checker(trust_, report);
    for (const Lines& lines : files) {
      checker.BeginFile("file");
      uint64_t number = 0;
      for (const std::string& line : lines) checker.Line(++number, line);
      checker.EndFile(true);
    }
    checker.Finish();
    return report;
  }
  Report Check(const Lines& lines) const {
    return Check(std::vector<Lines>{lines});
  }
  void Keep(const WrittenLog& log, const std::vector<uint64_t>& sizes) {
    for (const uint64_t size : sizes) {
      ASSERT_TRUE(trust_.kept.Add(log.note(size), "kept", "kept").ok());
    }
  }

  WrittenLog log_{50, {10, 17, 30, 50}};
  Lines lines_ = log_.Export();
  Trust trust_;
};

TEST_F(LogCheckerTest, VouchesByTheKeyAlone) {
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, IsEmpty());
  EXPECT_THAT(RangesOf(report), ElementsAre("1-50 signed"));
  EXPECT_EQ(report.leaves, 50);
  EXPECT_EQ(report.checkpoints, 4);
}

TEST_F(LogCheckerTest, TakesTheKeyOfTheExportWhenNoneIsGiven) {
  trust_.key.reset();
  const Report report = Check(lines_);
  EXPECT_TRUE(report.ok());
  EXPECT_FALSE(report.key_was_given);
  EXPECT_THAT(report.CannotSee(), Contains(HasSubstr("whether the key")));
}

TEST_F(LogCheckerTest, NamesTheRangeOfAnEditedLeafAndGoesOnBehindIt) {
  lines_[LineOfLeaf(lines_, 12)] = R"({"action":"token.denied"})";
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, ElementsAre(AllOf(Field(&Fault::first, 11),
                                               Field(&Fault::last, 17))));
  EXPECT_THAT(RangesOf(report),
              ElementsAre("1-10 signed", "11-17 damaged", "18-50 signed"));
}

TEST_F(LogCheckerTest, NamesTheRangeOfALeafThatIsMissingOrTooMany) {
  Lines fewer = lines_;
  fewer.erase(fewer.begin() + static_cast<int>(LineOfLeaf(lines_, 20)));
  EXPECT_THAT(Check(fewer).faults, SaysOf(18, 30, "fewer"));
  EXPECT_THAT(RangesOf(Check(fewer)),
              ElementsAre("1-17 signed", "18-30 damaged", "31-50 signed"));
  Lines more = lines_;
  more.insert(more.begin() + static_cast<int>(LineOfLeaf(lines_, 20)),
              lines_[LineOfLeaf(lines_, 20)]);
  EXPECT_THAT(Check(more).faults, SaysOf(18, 30, "more"));
}

TEST_F(LogCheckerTest, NamesTheRangeOfLeavesInAnotherOrder) {
  std::swap(lines_[LineOfLeaf(lines_, 31)], lines_[LineOfLeaf(lines_, 32)]);
  EXPECT_THAT(RangesOf(Check(lines_)),
              ElementsAre("1-30 signed", "31-50 damaged"));
}

TEST_F(LogCheckerTest, GoesOnBehindABrokenCheckpointByTheNext) {
  lines_[LineOfCheckpoint(lines_, 17)] = "{\"checkpoint\":\"x\",\"edge\":[]}";
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults,
              ElementsAre(Field(&Fault::line,
                                LineOfCheckpoint(log_.Export(), 17) + 1)));
  EXPECT_THAT(RangesOf(report), ElementsAre("1-50 signed"));
}

TEST_F(LogCheckerTest, RefusesAnEdgeThatIsNotOfTheLeaves) {
  const Lines other =
      WrittenLog(50, {10, 17, 30, 50}).Fork(5, 50, {17}).Export();
  const size_t at = LineOfCheckpoint(lines_, 17);
  const size_t there = LineOfCheckpoint(other, 17);
  const std::string edge = other[there].substr(other[there].find("\"edge\""));
  lines_[at] = lines_[at].substr(0, lines_[at].find("\"edge\"")) + edge;
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, SizeIs(1));
  EXPECT_THAT(report.faults, Says("edge"));
  // And does not go on by it behind damage.
  lines_[LineOfLeaf(lines_, 12)] = R"({"action":"x"})";
  EXPECT_THAT(RangesOf(Check(lines_)),
              ElementsAre("1-10 signed", "11-30 damaged", "31-50 signed"));
}

TEST_F(LogCheckerTest, SeesCheckpointsOutOfOrder) {
  std::swap(lines_[LineOfCheckpoint(lines_, 17)],
            lines_[LineOfCheckpoint(lines_, 30)]);
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, SaysOf(11, 30, "fewer"));
  EXPECT_THAT(report.faults, Says("stands behind one of as many or more"));
}

TEST_F(LogCheckerTest, SeesAnExportThatWasCutOff) {
  lines_.resize(lines_.size() - 2);
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, Says("does not end with a checkpoint"));
  EXPECT_THAT(report.faults, SaysOf(31, 50, "not there"));
}

TEST_F(LogCheckerTest, SaysWhichLeavesNoCheckpointCovers) {
  Lines lines = log_.Export(1, 30);
  lines.resize(LineOfLeaf(lines, 30) + 1);
  const Report report = Check(lines);
  EXPECT_THAT(report.faults, SaysOf(18, 30, "no checkpoint covers"));
  EXPECT_THAT(RangesOf(report), ElementsAre("1-17 signed", "18-30 unsigned"));
}

TEST_F(LogCheckerTest, BeginsAtALaterLeaf) {
  EXPECT_THAT(RangesOf(Check(log_.Export(21))), ElementsAre("21-50 signed"));
  EXPECT_TRUE(Check(log_.Export(21)).ok());
  EXPECT_TRUE(Check(log_.Export(18)).ok());
}

TEST_F(LogCheckerTest, EndsAtALeafOfChoiceByAConsistencyProof) {
  const Report report = Check(log_.Export(1, 20));
  EXPECT_TRUE(report.ok()) << report.ToText();
  EXPECT_THAT(RangesOf(report), ElementsAre("1-20 signed"));
  Lines lines = log_.Export(1, 20);
  lines[LineOfLeaf(lines, 19)] = R"({"action":"x"})";
  EXPECT_THAT(Check(lines).faults, SaysOf(18, 20, "did not grow"));
}

TEST_F(LogCheckerTest, RefusesLinesBehindTheEnd) {
  Lines lines = log_.Export(1, 20);
  lines.push_back(log_.leaf(21));
  EXPECT_THAT(Check(lines).faults, Says("stands behind"));
}

TEST_F(LogCheckerTest, ChecksSeveralExportsAsOneLog) {
  const Report report =
      Check({log_.Export(1, 17), log_.Export(18, 40), log_.Export(41, 50)});
  EXPECT_TRUE(report.ok()) << report.ToText();
  EXPECT_THAT(RangesOf(report), ElementsAre("1-50 signed"));
  EXPECT_EQ(report.files, 3);
}

TEST_F(LogCheckerTest, SeesAnExportThatIsMissingBetween) {
  const Report report = Check({log_.Export(1, 17), log_.Export(31, 50)});
  EXPECT_THAT(report.faults, SizeIs(1));
  EXPECT_THAT(report.faults, Says("does not begin where"));
  EXPECT_THAT(RangesOf(report), ElementsAre("1-17 signed", "31-50 signed"));
}

TEST_F(LogCheckerTest, SeesAnExportOfAnotherHistoryBehind) {
  const WrittenLog fork = log_.Fork(5, 50, {17, 50});
  const Report report = Check({log_.Export(1, 17), fork.Export(18, 50)});
  EXPECT_THAT(report.faults, Says("another edge"));
}

TEST_F(LogCheckerTest, RefusesAnotherKeyAndAnotherName) {
  const NoteKeyPair pair = NewNoteKeyPair();
  trust_.key = NoteVerifier{"tokenvault-test", pair.public_key};
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, Says("names another key than the one given"));
  EXPECT_THAT(report.faults, Says("not signed by this key"));
  EXPECT_EQ(report.checkpoints, 0);
}

TEST_F(LogCheckerTest, SaysOfALineThatIsNeitherLeafNorCheckpoint) {
  lines_[LineOfLeaf(lines_, 40)] = "";
  EXPECT_THAT(Check(lines_).faults, Says("neither a leaf"));
}

TEST_F(LogCheckerTest, StopsAtAHeaderThatIsNone) {
  lines_[0] = "{}";
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, SizeIs(1));
  EXPECT_EQ(report.leaves, 0);
}

TEST_F(LogCheckerTest, VouchesByWhatSomebodyKept) {
  Keep(log_, {17, 30});
  const Report report = Check(lines_);
  EXPECT_TRUE(report.ok()) << report.ToText();
  EXPECT_THAT(RangesOf(report), ElementsAre("1-30 witnessed", "31-50 signed"));
}

TEST_F(LogCheckerTest, VouchesNoFurtherBackThanDamage) {
  Keep(log_, {30});
  lines_[LineOfLeaf(lines_, 12)] = R"({"action":"x"})";
  EXPECT_THAT(RangesOf(Check(lines_)),
              ElementsAre("1-10 signed", "11-17 damaged", "18-30 witnessed",
                          "31-50 signed"));
}

TEST_F(LogCheckerTest, VouchesByACosignatureWithItsTime) {
  const TestWitness witness("w.example");
  trust_.witnesses = {witness.key()};
  log_.Cosign(30, witness, 1'700'000'000);
  const Report report = Check(log_.Export());
  EXPECT_TRUE(report.ok()) << report.ToText();
  ASSERT_THAT(RangesOf(report), ElementsAre("1-30 witnessed", "31-50 signed"));
  EXPECT_EQ(report.ranges[0].witnesses[0].by, "w.example");
  EXPECT_EQ(report.ranges[0].witnesses[0].at,
            absl::FromUnixSeconds(1'700'000'000));
}

TEST_F(LogCheckerTest, TakesNoCosignatureOfAWitnessThatNobodyNamed) {
  log_.Cosign(30, TestWitness("w.example"), 1'700'000'000);
  EXPECT_THAT(RangesOf(Check(log_.Export())), ElementsAre("1-50 signed"));
}

TEST_F(LogCheckerTest, SeesAForkOfTheSameKeyByWhatSomebodyKept) {
  Keep(log_, {10, 17, 30});
  const WrittenLog fork = log_.Fork(12, 50, {10, 17, 30, 50});
  trust_.key = fork.verifier();
  const Report report = Check(fork.Export());
  EXPECT_THAT(report.faults, SaysOf(11, 17, "two histories"));
  EXPECT_THAT(report.faults, SaysOf(11, 30, "two histories"));
}

TEST_F(LogCheckerTest, SeesAForkWithCheckpointsElsewhere) {
  Keep(log_, {10, 17});
  const WrittenLog fork = log_.Fork(12, 50, {10, 20, 50});
  const Report report = Check(fork.Export());
  EXPECT_THAT(report.faults, Says("is not in the export"));
  EXPECT_THAT(report.faults, SaysOf(11, 17, "two histories"));
}

TEST_F(LogCheckerTest, SeesThatTheLogWasCutOffByWhatSomebodyKept) {
  Keep(log_, {30, 50});
  const Report report = Check(log_.Export(1, 30));
  EXPECT_THAT(report.faults, SizeIs(1));
  EXPECT_THAT(report.faults, Says("the export ends early"));
}

TEST_F(LogCheckerTest, CoversLeavesByWhatSomebodyKeptOfThem) {
  Keep(log_, {50});
  lines_.pop_back();
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, Says("is not in the export"));
  EXPECT_THAT(report.faults, Not(Says("ends early")));
  EXPECT_THAT(RangesOf(report), ElementsAre("1-50 witnessed"));
}

TEST_F(LogCheckerTest, DoesNotCallADamagedEndEarly) {
  Keep(log_, {50});
  lines_[LineOfLeaf(lines_, 40)] = R"({"action":"x"})";
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, SizeIs(1));
  EXPECT_THAT(RangesOf(report), ElementsAre("1-30 signed", "31-50 damaged"));
}

TEST_F(LogCheckerTest, MissesNoCheckpointThatItsEndReachesOver) {
  Keep(log_, {17, 30});
  EXPECT_TRUE(Check(log_.Export(1, 20)).ok());
}

TEST_F(LogCheckerTest, CountsWhatWasKeptOfBeforeTheFirstLeaf) {
  Keep(log_, {10, 50});
  const Report report = Check(log_.Export(21));
  EXPECT_TRUE(report.ok()) << report.ToText();
  EXPECT_EQ(report.kept_before, 1);
}

TEST_F(LogCheckerTest, SeesAnotherKeyOfThatNameByWhatSomebodyKept) {
  trust_.key.reset();
  const NoteKeyPair pair = NewNoteKeyPair();
  const NoteVerifier other{"tokenvault-test", pair.public_key};
  const std::string text =
      log_.note(10).substr(0, log_.note(10).find("\n\n") + 1);
  ASSERT_TRUE(
      trust_.kept.Add(*SignNote(text, other, pair.seed), "kept", "kept").ok());
  EXPECT_THAT(Check(lines_).faults, Says("its key did not sign"));
}

TEST_F(LogCheckerTest, KeepsNoMoreFaultsThanAnybodyReads) {
  for (size_t i = 0; i < 3000; ++i) lines_.insert(lines_.begin() + 1, "");
  const Report report = Check(lines_);
  EXPECT_THAT(report.faults, SizeIs(Report::kMostFaults));
  EXPECT_GE(report.more_faults, 2000);
}

}  // namespace
}  // namespace tokenvault
