#include "cli/demo_browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "tests/cli/fake_web.h"

namespace tokenvault {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(LoopbackUrl, GoesNowhereElse) {
  for (const char* url :
       {"https://127.0.0.1/", "http://example.com/", "http://127.0.0.1.evil/",
        "http://127.0.0.1:0/", "http://127.0.0.1:99999/",
        "http://ana@127.0.0.1/", "http://127.0.0.1:80@evil/",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "file:///etc"}) {
    EXPECT_TRUE(HasReason(ParseLoopbackUrl(url).status(), "FIELD_INVALID"))
        << url;
  }
}

TEST(LoopbackUrl, KeepsPathAndQuery) {
  auto url = ParseLoopbackUrl("http://[::1]:7480/c/x?y=1#part");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->ToString(), "http://[::1]:7480/c/x?y=1");
  EXPECT_EQ(ParseLoopbackUrl("http://localhost")->ToString(),
            "http://localhost:80/");
}

TEST(ResolveUrl, ReadsEveryKindOfReference) {
  const LoopbackUrl base = *ParseLoopbackUrl("http://127.0.0.1:1/a/b?c=d");
  EXPECT_EQ(ResolveUrl(base, "")->path, "/a/b?c=d");
  EXPECT_EQ(ResolveUrl(base, "/x")->path, "/x");
  EXPECT_EQ(ResolveUrl(base, "x")->path, "/a/x");
  EXPECT_EQ(ResolveUrl(base, "?x=http://y")->path, "/a/b?x=http://y");
  EXPECT_EQ(ResolveUrl(base, "http://127.0.0.1:2/z")->port, 2);
  EXPECT_FALSE(ResolveUrl(base, "//example.com/").ok());
}

TEST(ParseHttpAnswer, JoinsChunks) {
  auto answer = ParseHttpAnswer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "abcde");
}

TEST(ParseHttpAnswer, RefusesWhatIsCutOff) {
  EXPECT_FALSE(ParseHttpAnswer("HTTP/1.1 200 OK\r\n").ok());
  EXPECT_FALSE(
      ParseHttpAnswer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").ok());
  EXPECT_FALSE(
      ParseHttpAnswer(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
          .ok());
  EXPECT_FALSE(ParseHttpAnswer("SSH-2.0-OpenSSH\r\n\r\n").ok());
}

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

TEST(DemoBrowser, CallsAnApiWithTheTokenOnly) {
  std::string seen;
  FakeWeb web([&](const std::string& request) {
    seen = request;
    return HttpText(401, "", "no");
  });
  auto answer = DemoBrowser::CallApi(web.origin() + "/calendar/events", "t0k");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 401);
  EXPECT_THAT(seen, HasSubstr("Authorization: Bearer t0k\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Cookie")));
}

}  // namespace
}  // namespace tokenvault
