#include "server/web_session.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr char kUs[] = "https://connect.example.com";

WebRequest Post(std::vector<std::pair<std::string, std::string>> headers,
                std::string body = "") {
  WebRequest request;
  request.method = "POST";
  request.headers = std::move(headers);
  request.body = std::move(body);
  return request;
}

TEST(WebSessionTest, TakesFormsOfOurOwnPages) {
  EXPECT_TRUE(IsOwnForm(
      Post({{"Sec-Fetch-Site", "same-origin"}, {"Origin", kUs}}), kUs));
  EXPECT_TRUE(IsOwnForm(
      Post({{"Sec-Fetch-Site", "same-origin"}, {"Origin", "null"}}), kUs));
  EXPECT_TRUE(IsOwnForm(Post({{"Origin", kUs}}), kUs));
}

TEST(WebSessionTest, RefusesFormsOfOthers) {
  EXPECT_FALSE(IsOwnForm(Post({}), kUs));
  EXPECT_FALSE(IsOwnForm(Post({{"Origin", "null"}}), kUs));
  EXPECT_FALSE(IsOwnForm(Post({{"Origin", "https://evil.example"}}), kUs));
  for (const char* site : {"cross-site", "same-site", "none"}) {
    EXPECT_FALSE(
        IsOwnForm(Post({{"Sec-Fetch-Site", site}, {"Origin", kUs}}), kUs));
  }
  EXPECT_FALSE(IsOwnForm(Post({{"Sec-Fetch-Site", "same-origin"},
                               {"Origin", "https://evil.example"}}),
                         kUs));
}

TEST(WebSessionTest, SetsCookiesThatNoOtherHostCanPlant) {
  WebResponse response;
  BrowserCookies(/*https=*/true)
      .Set(response, kSessionCookie, "v", absl::Minutes(2));
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].second,
            "__Host-tv_sess=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=120; "
            "Secure");
}

TEST(WebSessionTest, ReadsOnlyItsOwnKindOfCookie) {
  WebRequest request;
  request.headers = {{"Cookie", "tv_sess=planted"}};
  EXPECT_FALSE(
      BrowserCookies(/*https=*/true).Read(request, kSessionCookie).has_value());
  EXPECT_EQ(BrowserCookies(/*https=*/false).Read(request, kSessionCookie),
            "planted");
}

TEST(WebSessionTest, ReadsAForm) {
  auto form = ReadForm(
      Post({{"Content-Type", "application/x-www-form-urlencoded"}}, "a=1&b=+"));
  ASSERT_TRUE(form.ok());
  EXPECT_EQ((*form)["a"], "1");
  EXPECT_EQ((*form)["b"], " ");
}

TEST(WebSessionTest, RefusesAFormThatSaysSomethingTwice) {
  EXPECT_TRUE(HasReason(
      ReadForm(Post({{"Content-Type", "application/x-www-form-urlencoded"}},
                    "a=1&a=2"))
          .status(),
      "FIELD_INVALID"));
  EXPECT_TRUE(HasReason(
      ReadForm(Post({{"Content-Type", "text/plain"}}, "a=1")).status(),
      "FIELD_INVALID"));
}

TEST(WebSessionTest, RedirectsOnlyWith303) {
  WebResponse response = SeeOther("/c/x");
  EXPECT_EQ(response.status, 303);
}

}  // namespace
}  // namespace tokenvault
