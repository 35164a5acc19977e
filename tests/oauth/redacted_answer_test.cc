#include "oauth/redacted_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kPlanted[] = "ya29.A0planted7token";

Provider RejectingCalendar() {
  Provider provider;
  provider.scopes = {{"calendar.read", "https://calendar.test/read", "", {}}};
  provider.errors_grant_gone = {"token_rejected"};
  return provider;
}

HttpResponse Answer(std::string content_type, std::string body) {
  HttpResponse answer;
  answer.status = 400;
  answer.headers = {{"Content-Type", std::move(content_type)}};
  answer.body = Secret(std::move(body));
  return answer;
}

class RedactedAnswerTest : public ::testing::Test {
 protected:
  std::string Body(const std::string& content_type, const std::string& body,
                   AnswerKind kind = AnswerKind::kToken) const {
    return Redact(Answer(content_type, body), kind, known_).body;
  }
  std::string Json(const std::string& body) const {
    return Body("application/json", body);
  }

  KnownWords known_{RejectingCalendar()};
};

TEST_F(RedactedAnswerTest, KeepsTheWordsOfTheProtocolAndOfThePreset) {
  for (const char* body :
       {R"({"error":"invalid_grant"})", R"({"error":"token_rejected"})",
        R"({"scope":"openid https://calendar.test/read"})",
        R"({"token_type":"Bearer"})", R"({"expires_in":3600,"ok":false})",
        R"({"error":null,"scope":""})"}) {
    EXPECT_EQ(Json(body), body);
  }
}

TEST_F(RedactedAnswerTest, TurnsEveryOtherTextIntoItsShape) {
  EXPECT_EQ(Json(R"({"error":"invalid_grant",)"
                 R"("error_description":"Grant of ana@example.com is gone"})"),
            R"({"error":"invalid_grant",)"
            R"("error_description":"<string 32>"})");
  EXPECT_EQ(Json(R"({"scope":"openid secret.scope"})"),
            R"({"scope":"<string 19>"})");
}

TEST_F(RedactedAnswerTest, ShowsACodeThatThePresetDoesNotKnow) {
  EXPECT_EQ(Json(R"({"error":"bad_verification_code"})"),
            R"({"error":"bad_verification_code"})");
  EXPECT_EQ(Json(R"({"error":"Bad code 7","other":"bad_verification_code"})"),
            R"({"error":"<string 10>","other":"<string 21>"})");
}

TEST_F(RedactedAnswerTest, ShowsNoSecretThatLooksLikeAWord) {
  Provider provider = RejectingCalendar();
  provider.client_id = "invalid_grant";
  provider.client_secret =
      std::make_shared<const Secret>(Secret::Copy("verysecret"));
  const KnownWords known(provider);
  EXPECT_EQ(Redact(Answer("application/json",
                          R"({"error":"verysecret","scope":"invalid_grant",)"
                          R"("verysecret":1})"),
                   AnswerKind::kToken, known)
                .body,
            R"({"<name 10>":1,"error":"<string 10>","scope":"<string 13>"})");
}

TEST_F(RedactedAnswerTest, LetsNoTokenThrough) {
  const std::string token = kPlanted;
  const std::vector<HttpResponse> answers = [&] {
    std::vector<HttpResponse> all;
    for (const std::string& body :
         {absl::StrCat(R"({"access_token":")", token, R"("})"),
          absl::StrCat(R"({"a":[{"b":[")", token, R"("]}]})"),
          absl::StrCat(R"({")", token, R"(":1})"),
          absl::StrCat(R"({"error":"invalid_grant )", token, R"("})"),
          absl::StrCat("[\"", token, "\"]"),
          absl::StrCat("access_token=", token), absl::StrCat(token, "=1"),
          absl::StrCat("<html>", token, "</html>"), token}) {
      for (const char* type : {"application/json", "text/html",
                               "application/x-www-form-urlencoded", kPlanted}) {
        all.push_back(Answer(type, body));
        all.back().headers.emplace_back(
            "WWW-Authenticate", absl::StrCat("Bearer x=\"", token, "\""));
        all.back().headers.emplace_back("Cache-Control", token);
        all.back().headers.emplace_back("Set-Cookie", token);
        all.back().headers.emplace_back("Location", token);
      }
    }
    return all;
  }();
  for (const HttpResponse& answer : answers) {
    const RedactedAnswer shown = Redact(answer, AnswerKind::kToken, known_);
    EXPECT_THAT(shown.body, Not(HasSubstr(token)));
    EXPECT_THAT(shown.content_type, Not(HasSubstr(token)));
    for (const auto& [name, value] : shown.headers) {
      EXPECT_THAT(value, Not(HasSubstr(token))) << name;
    }
  }
}

TEST_F(RedactedAnswerTest, ReadsFormsAndJsonUnderAnotherName) {
  EXPECT_EQ(Body("application/x-www-form-urlencoded",
                 "error=invalid_grant&error_description=no+such+code"),
            "error=invalid_grant&error_description=<string 12>");
  EXPECT_EQ(Body("text/html", R"({"error":"invalid_grant"})"),
            R"({"error":"invalid_grant"})");
}

TEST_F(RedactedAnswerTest, SaysOnlyHowMuchThereIsOfAnythingElse) {
  EXPECT_EQ(Body("text/html; charset=utf-8", "<h1>Sorry, ana</h1>"),
            "<text/html, 19 bytes>");
  EXPECT_EQ(Json(R"({"a":1,"a":2})"), "<application/json, 13 bytes>");
  EXPECT_EQ(Json(""), "");
}

TEST_F(RedactedAnswerTest, ShowsWhatAPublicDocumentSays) {
  const std::string document =
      R"({"issuer":"https://idp.test","scopes_supported":["a:b","openid"],)"
      R"("signing_alg_values_supported":["RS256"]})";
  EXPECT_EQ(Body("application/json", document, AnswerKind::kMetadata),
            document);
  EXPECT_EQ(Body("application/json", R"({"signed_metadata":"eyJ9.e30.x1"})",
                 AnswerKind::kMetadata),
            R"({"signed_metadata":"<string 11>"})");
  EXPECT_EQ(Json(R"({"issuer":"https://idp.test"})"),
            R"({"issuer":"<string 16>"})");
}

TEST_F(RedactedAnswerTest, ShowsFewHeaders) {
  HttpResponse answer = Answer("application/json", "{}");
  answer.headers.emplace_back("Retry-After", "30");
  answer.headers.emplace_back(
      "WWW-Authenticate", "Bearer realm=\"Ana's\", error=\"invalid_token\"");
  answer.headers.emplace_back("X-Request-Id", "7");
  EXPECT_THAT(
      Redact(answer, AnswerKind::kToken, known_).headers,
      ElementsAre(
          Pair("retry-after", "30"),
          Pair("www-authenticate",
               "Bearer realm=\"<string 5>\", error=\"invalid_token\"")));
}

TEST_F(RedactedAnswerTest, ShowsWhereARequestWent) {
  EXPECT_EQ(
      RedactUrl("https://api.test/apps/c-1/grant?token=x1", known_, {"c-1"}),
      "https://api.test/apps/<string 3>/grant?token=<string 2>");
  EXPECT_EQ(RedactUrl("https://api.test/token", known_, {}),
            "https://api.test/token");
}

}  // namespace
}  // namespace tokenvault
