#include "crypto/audit_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

// 32 bytes of 'r'.
constexpr char kHash[] = "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=";

std::string HeaderText() {
  return absl::StrCat(
      R"({"tokenvault_audit_export":1,"origin":"log","key":"log+aa+bb",)",
      R"("first":3,"last":5,"edge":[")", kHash, R"("]})");
}

std::string CheckpointText() {
  return absl::StrCat(
      "{\"checkpoint\":\"log\\n4\\nx\\n\\n\xe2\x80\x94 log s\\n\"",
      R"(,"edge":[")", kHash, R"("]})");
}

TEST(ExportHeaderTest, ReadsAndWritesTheForm) {
  auto header = ParseExportHeader(HeaderText());
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->origin, "log");
  EXPECT_EQ(header->key, "log+aa+bb");
  EXPECT_EQ(header->first, 3);
  EXPECT_EQ(header->last, 5);
  EXPECT_THAT(header->edge, ::testing::ElementsAre(std::string(32, 'r')));
  EXPECT_EQ(ExportHeaderLine(*header), HeaderText());
}

TEST(ExportHeaderTest, ReadsThatOfNoLeaves) {
  const std::string line = ExportHeaderLine({"log", "key", 1, 0, {}});
  EXPECT_EQ(line, R"({"tokenvault_audit_export":1,"origin":"log","key":"key",)"
                  R"("first":1,"last":0,"edge":[]})");
  EXPECT_TRUE(ParseExportHeader(line).ok());
}

TEST(ExportHeaderTest, RefusesEveryOtherWayOfWritingIt) {
  const std::string line = HeaderText();
  for (const std::string& text : {
           std::string(),
           std::string("[]"),
           std::string("{}"),
           line + " ",
           line + "\n",
           absl::StrReplaceAll(line, {{":3", ": 3"}}),
           absl::StrReplaceAll(line, {{":3", ":3.0"}}),
           absl::StrReplaceAll(line, {{":3", ":03"}}),
           absl::StrReplaceAll(line, {{":3", ":-3"}}),
           absl::StrReplaceAll(line, {{"\"log\"", "\"l\\u006fg\""}}),
           absl::StrReplaceAll(line, {{"\"first\"", "\"x\":1,\"first\""}}),
           absl::StrReplaceAll(line, {{"\"last\":5", "\"last\":5,\"last\":5"}}),
           absl::StrReplaceAll(line, {{"\"last\":5,", ""}}),
           absl::StrReplaceAll(line, {{"export\":1", "export\":2"}}),
           absl::StrReplaceAll(line, {{"nI=", "nJ="}}),
           absl::StrReplaceAll(line, {{"cnJy", ""}}),
           absl::StrReplaceAll(line, {{"log", "\xff"}}),
       }) {
    EXPECT_EQ(ReasonOf(ParseExportHeader(text).status()), "FIELD_INVALID")
        << text;
  }
}

TEST(ExportHeaderTest, RefusesNumbersThatCannotBe) {
  const std::string root(32, 'r');
  for (const ExportHeader& header :
       {ExportHeader{"log", "key", 0, 5, {}},
        ExportHeader{"log", "key", 3, 1, {root}},
        ExportHeader{"log", "key", 3, 5, {}},
        ExportHeader{"log", "key", 4, 5, {root}},
        ExportHeader{"log", "key", 1, 5, {root}}}) {
    EXPECT_FALSE(ParseExportHeader(ExportHeaderLine(header)).ok());
  }
}

TEST(ExportCheckpointTest, ReadsAndWritesTheForm) {
  const std::string line = CheckpointText();
  EXPECT_TRUE(IsExportCheckpoint(line));
  auto checkpoint = ParseExportCheckpoint(line);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->note, "log\n4\nx\n\n\xe2\x80\x94 log s\n");
  EXPECT_THAT(checkpoint->edge, ::testing::ElementsAre(std::string(32, 'r')));
  EXPECT_EQ(ExportCheckpointLine(*checkpoint), line);
}

TEST(ExportCheckpointTest, ReadsOneBeyondTheEnd) {
  const std::string line =
      absl::StrReplaceAll(CheckpointText(), {{"edge", "consistency"}});
  auto checkpoint = ParseExportCheckpoint(line);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_THAT(checkpoint->edge, ::testing::IsEmpty());
  EXPECT_THAT(checkpoint->consistency, ::testing::SizeIs(1));
  EXPECT_EQ(ExportCheckpointLine(*checkpoint), line);
}

TEST(ExportCheckpointTest, RefusesEveryOtherWayOfWritingIt) {
  const std::string line = CheckpointText();
  for (const std::string& text : {
           std::string("{\"checkpoint\":"),
           std::string("{\"checkpoint\":1,\"edge\":[]}"),
           std::string("{\"checkpoint\":\"x\"}"),
           std::string("{\"checkpoint\":\"x\",\"consistency\":[]}"),
           line + " ",
           absl::StrReplaceAll(line, {{"\xe2\x80\x94", "\\u2014"}}),
           absl::StrReplaceAll(line, {{",\"edge\"", ", \"edge\""}}),
           absl::StrReplaceAll(line, {{"\"edge\"", "\"more\":[],\"edge\""}}),
           absl::StrReplaceAll(line,
                               {{"\"edge\"", "\"consistency\":[],\"edge\""}}),
           absl::StrReplaceAll(line, {{"nI=", "nJ="}}),
       }) {
    EXPECT_EQ(ReasonOf(ParseExportCheckpoint(text).status()), "FIELD_INVALID")
        << text;
  }
}

TEST(ExportCheckpointTest, RefusesALineWithoutEnd) {
  const std::string endless =
      absl::StrCat("{\"checkpoint\":\"", std::string(2 << 20, 'x'), "\"}");
  EXPECT_FALSE(ParseExportCheckpoint(endless).ok());
}

}  // namespace
}  // namespace tokenvault
