#include "cli/loopback_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/errors.h"
#include "tests/cli/fake_web.h"

namespace tokenvault {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

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

TEST(HttpGet, SendsTheTokenAndNoCookie) {
  std::string seen;
  FakeWeb web([&](const std::string& request) {
    seen = request;
    return HttpText(401, "", "no");
  });
  auto answer = HttpGet(web.origin() + "/calendar/events", "t0k");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 401);
  EXPECT_THAT(seen, HasSubstr("Authorization: Bearer t0k\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Cookie")));
}

TEST(HttpPostForm, SendsAFormWithItsLength) {
  std::string seen;
  FakeWeb web([&](const std::string& request) {
    seen = request;
    return HttpText(200, "", "{}");
  });
  auto answer = HttpPostForm(web.origin() + "/faults", "a=1&b=2");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(seen, HasSubstr("POST /faults HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(seen, EndsWith("\r\n\r\na=1&b=2"));
}

}  // namespace
}  // namespace tokenvault
