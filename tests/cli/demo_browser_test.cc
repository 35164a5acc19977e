#include "cli/demo_browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/cli/fake_web.h"

namespace tokenvault {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(DemoBrowser, FollowsRedirectsAndKeepsCookies) {
  std::string last;
  FakeWeb web([&](const std::string& request) {
    last = request;
    if (request.rfind("GET /start ", 0) == 0) {
      return HttpText(303,
                      "Set-Cookie: s=1; Path=/; HttpOnly\r\n"
                      "Set-Cookie: narrow=1; Path=/only\r\n"
                      "Location: /end\r\n",
                      "");
    }
    return HttpText(200, "", "<h1>End</h1>");
  });
  DemoBrowser browser;
  ASSERT_TRUE(browser.Open(web.origin() + "/start").ok());
  EXPECT_EQ(browser.page().html.heading, "End");
  EXPECT_EQ(browser.page().url.path, "/end");
  EXPECT_THAT(last, HasSubstr("Cookie: s=1\r\n"));
}

TEST(DemoBrowser, PostsAFormAsABrowserWould) {
  std::string posted;
  FakeWeb web([&](const std::string& request) {
    if (request.rfind("POST", 0) == 0) {
      posted = request;
      return HttpText(303, "Location: /end\r\nSet-Cookie: s=; Max-Age=0\r\n",
                      "");
    }
    return HttpText(200, "Set-Cookie: s=1\r\n",
                    "<form method=post action=/go><input type=hidden name=csrf "
                    "value=x><button name=decision "
                    "value=allow>Allow</button></form>");
  });
  DemoBrowser browser;
  ASSERT_TRUE(browser.Open(web.origin() + "/form").ok());
  const DemoBrowser::Page page = browser.page();
  ASSERT_TRUE(browser.Follow(FindNextStep(page.html, "ana")).ok());
  EXPECT_THAT(posted, StartsWith("POST /go HTTP/1.1\r\n"));
  EXPECT_THAT(posted, HasSubstr("Origin: " + web.origin() + "\r\n"));
  EXPECT_THAT(posted, HasSubstr("Sec-Fetch-Site: same-origin\r\n"));
  EXPECT_THAT(posted, HasSubstr("Cookie: s=1\r\n"));
  EXPECT_THAT(posted, HasSubstr("\r\n\r\ncsrf=x&decision=allow"));
}

TEST(DemoBrowser, HidesTheOriginWhereThePageHidesTheReferrer) {
  std::string posted;
  FakeWeb web([&](const std::string& request) {
    posted = request;
    return HttpText(200, "Referrer-Policy: no-referrer\r\n",
                    "<form method=post><button>Allow</button></form>");
  });
  DemoBrowser browser;
  ASSERT_TRUE(browser.Open(web.origin() + "/form").ok());
  const DemoBrowser::Page page = browser.page();
  ASSERT_TRUE(browser.Follow(FindNextStep(page.html, "ana")).ok());
  EXPECT_THAT(posted, HasSubstr("\r\nOrigin: null\r\n"));
}

TEST(DemoBrowser, LeavesThisMachineForNobody) {
  FakeWeb web([](const std::string&) {
    return HttpText(302, "Location: http://example.com/\r\n", "");
  });
  DemoBrowser browser;
  EXPECT_TRUE(HasReason(browser.Open(web.origin() + "/x"), "FIELD_INVALID"));
}

TEST(DemoBrowser, EndsALoopOfRedirects) {
  FakeWeb web(
      [](const std::string&) { return HttpText(302, "Location: /x\r\n", ""); });
  DemoBrowser browser;
  EXPECT_TRUE(HasReason(browser.Open(web.origin() + "/x"), "FIELD_INVALID"));
}

TEST(DemoBrowser, SaysWhenNobodyAnswers) {
  std::string origin;
  {
    FakeWeb web([](const std::string&) { return ""; });
    origin = web.origin();
  }
  DemoBrowser browser;
  EXPECT_TRUE(HasReason(browser.Open(origin + "/x"), "SERVER_UNREACHABLE"));
}

}  // namespace
}  // namespace tokenvault
