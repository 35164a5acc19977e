#include "server/csp_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CspReportsTest : public ::testing::Test {
 protected:
  WebResponse Post(const std::string& body) {
    WebRequest request;
    request.method = "POST";
    request.path = "/csp-report";
    request.body = body;
    return reports_.Handle(request);
  }
  static std::string Violation(const std::string& directive) {
    return absl::StrCat(R"([{"type":"csp-violation","body":{)",
                        R"("documentURL":"https://connect.test/c/link",)",
                        R"("effectiveDirective":")", directive, R"("}}])");
  }
  static std::string Counted(const std::string& directive, int times) {
    return absl::StrCat("tokenvault_page_policy_violations_total{directive=\"",
                        directive, "\"} ", times);
  }

  FakeClock clock_;
  Metrics metrics_;
  CspReports reports_{clock_, metrics_};
};

TEST_F(CspReportsTest, CountsTheDirectiveThatWasBroken) {
  EXPECT_EQ(Post(Violation("script-src-elem")).status, 204);
  EXPECT_EQ(Post(Violation("script-src-elem")).status, 204);
  EXPECT_THAT(metrics_.Render({}), HasSubstr(Counted("script-src-elem", 2)));
}

TEST_F(CspReportsTest, KeepsNoWordOfAStranger) {
  EXPECT_EQ(Post(Violation("canary-src")).status, 204);
  EXPECT_EQ(Post(R"([{"type":"csp-violation","body":7}])").status, 204);
  EXPECT_EQ(Post(R"([{"type":"canary"},"x",{}])").status, 204);
  const std::string text = metrics_.Render({});
  EXPECT_THAT(text, HasSubstr(Counted("other", 2)));
  EXPECT_THAT(text, Not(HasSubstr("canary")));
}

TEST_F(CspReportsTest, TakesNothingButReports) {
  for (const char* body : {"", "{}", "canary", "[1,", "[[[["}) {
    EXPECT_EQ(Post(body).status, 400) << body;
  }
  std::string many = "[0";
  for (int i = 0; i < 16; ++i) many += ",0";
  EXPECT_EQ(Post(many + "]").status, 400);
  EXPECT_EQ(Post(std::string(CspReports::kMaxBody + 1, ' ')).status, 413);
  WebRequest get;
  get.method = "GET";
  EXPECT_EQ(reports_.Handle(get).status, 405);
}

TEST_F(CspReportsTest, LogsAFewLinesAMinuteAndCountsThemAll) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 20; ++i) Post(Violation("img-src"));
  clock_.Advance(absl::Minutes(1));
  Post(Violation("img-src"));
  const std::string log = testing::internal::GetCapturedStderr();
  int lines = 0;
  for (size_t at = log.find("page.policy_violated"); at != std::string::npos;
       at = log.find("page.policy_violated", at + 1)) {
    ++lines;
  }
  EXPECT_EQ(lines, CspReports::kLinesPerMinute + 1);
  EXPECT_THAT(log, Not(HasSubstr("connect.test")));
  EXPECT_THAT(metrics_.Render({}), HasSubstr(Counted("img-src", 21)));
}

}  // namespace
}  // namespace tokenvault
