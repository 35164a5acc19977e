#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kNow[] = "2026-01-02T03:04:05.678Z";

std::string Line(const std::vector<LogField>& fields) {
  return FormatLogLine(LogLevel::kWarning, "refresh.failed", "it was refused",
                       fields, kNow);
}

TEST(LogTest, WritesOneJsonObjectALine) {
  json line = json::parse(Line({{LogKey::kProvider, "google"},
                                {LogKey::kReason, "PROVIDER_UNREACHABLE"}}));
  EXPECT_EQ(line, json({{"ts", kNow},
                        {"level", "warning"},
                        {"event", "refresh.failed"},
                        {"msg", "it was refused"},
                        {"provider", "google"},
                        {"reason", "PROVIDER_UNREACHABLE"}}));
}

TEST(LogTest, BeginsWithTimeLevelAndEvent) {
  EXPECT_THAT(Line({}), ::testing::StartsWith(
                            std::string(R"({"ts":")") + kNow +
                            R"(","level":"warning","event":"refresh.failed")"));
}

TEST(LogTest, KeepsAValueWithLineBreaksOnItsLine) {
  std::string line =
      Line({{LogKey::kReason, "a\nb\r{\"event\":\"forged\"}\x1b[31m"}});
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_THAT(line, Not(HasSubstr("\r")));
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  EXPECT_EQ(json::parse(line)["event"], "refresh.failed");
}

TEST(LogTest, ReplacesBytesThatAreNotUtf8) {
  std::string line = Line({{LogKey::kAgent, "\xff\xfe"}});
  EXPECT_EQ(json::parse(line)["agent"], "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(LogTest, NamesEveryKeyDifferently) {
  std::vector<LogField> fields;
  for (LogKey key :
       {LogKey::kTraceId, LogKey::kRequestId, LogKey::kAgent, LogKey::kProvider,
        LogKey::kConnection, LogKey::kOutcome, LogKey::kReason,
        LogKey::kLatencyMs, LogKey::kMethod, LogKey::kPath, LogKey::kAddress,
        LogKey::kCount, LogKey::kKeyVersion}) {
    fields.push_back({key, "v"});
  }
  json line = json::parse(Line(fields));
  EXPECT_EQ(line.size(), 4 + fields.size());
  EXPECT_FALSE(line.contains("unknown"));
}

// The order matters to the process, not to the test: each restores the level.
TEST(LogTest, DropsLinesBelowTheLevel) {
  ::testing::internal::CaptureStderr();
  SetLogLevel(LogLevel::kWarning);
  Log(LogLevel::kInfo, "quiet.event", "not to be seen");
  Log(LogLevel::kError, "loud.event", "to be seen");
  SetLogLevel(LogLevel::kInfo);
  std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, Not(HasSubstr("quiet.event")));
  EXPECT_THAT(written, HasSubstr("loud.event"));
}

}  // namespace
}  // namespace tokenvault
