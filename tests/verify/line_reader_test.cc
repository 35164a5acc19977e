#include "verify/line_reader.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace tokenvault {
namespace {

class LineReaderTest : public ::testing::Test {
 protected:
  ~LineReaderTest() override {
    if (file_ != nullptr) fclose(file_);
  }
  LineReader Reading(const std::string& text) {
    file_ = tmpfile();
    fwrite(text.data(), 1, text.size(), file_);
    EXPECT_EQ(fseek(file_, 0, SEEK_SET), 0);
    return LineReader(file_);
  }
  static std::vector<std::string> All(LineReader lines) {
    std::vector<std::string> all;
    while (lines.Next()) all.emplace_back(lines.line());
    return all;
  }

  FILE* file_ = nullptr;
};

TEST_F(LineReaderTest, ReadsLinesOfAnyLength) {
  const std::string longer(100'000, 'x');
  EXPECT_EQ(All(Reading("a\n\n" + longer + "\nb\n")),
            (std::vector<std::string>{"a", "", longer, "b"}));
  EXPECT_EQ(All(Reading("")), std::vector<std::string>());
}

TEST_F(LineReaderTest, TellsALastLineWithoutEnd) {
  LineReader lines = Reading("a\nb");
  ASSERT_TRUE(lines.Next());
  EXPECT_TRUE(lines.has_end());
  ASSERT_TRUE(lines.Next());
  EXPECT_EQ(lines.line(), "b");
  EXPECT_FALSE(lines.has_end());
  EXPECT_FALSE(lines.Next());
  EXPECT_FALSE(lines.has_end());
}

TEST_F(LineReaderTest, StillKnowsAtTheEndThatThereWasALineEnd) {
  LineReader lines = Reading("a\n");
  while (lines.Next()) {
  }
  EXPECT_TRUE(lines.has_end());
}

TEST_F(LineReaderTest, LeavesOutWhatIsTooLongAndGoesOn) {
  LineReader lines = Reading(std::string(3 << 20, 'x') + "\nb\n");
  ASSERT_TRUE(lines.Next());
  EXPECT_TRUE(lines.too_long());
  EXPECT_EQ(lines.line().size(), LineReader::kLongestLine);
  ASSERT_TRUE(lines.Next());
  EXPECT_FALSE(lines.too_long());
  EXPECT_EQ(lines.line(), "b");
  EXPECT_EQ(lines.number(), 2);
}

TEST_F(LineReaderTest, ReadsBytesOfAnyKind) {
  const std::string odd("\0\xff\r", 3);
  EXPECT_EQ(All(Reading(odd + "\n")), std::vector<std::string>{odd});
}

}  // namespace
}  // namespace tokenvault
