#include "oauth/token_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

Provider Plain() {
  Provider provider;
  provider.id = ProviderId("cal");
  return provider;
}

absl::StatusOr<TokenResponse> Parse(const std::string& body, int status = 200,
                                    const Provider& provider = Plain()) {
  return ParseTokenResponse(
      provider, FakeHttpClient::Response(status, "application/json", body));
}

// "REASON problem-or-code", or "good".
std::string Outcome(const std::string& body, int status = 200,
                    const Provider& provider = Plain()) {
  auto parsed = Parse(body, status, provider);
  if (parsed.ok()) return "good";
  EXPECT_EQ(MetadataOf(parsed.status(), "provider"), "cal");
  std::string detail = MetadataOf(parsed.status(), "problem");
  if (detail.empty()) detail = MetadataOf(parsed.status(), "code");
  return absl::StrCat(ReasonOf(parsed.status()), detail.empty() ? "" : " ",
                      detail);
}

TEST(TokenResponseTest, ReadsAFullAnswer) {
  auto token = Parse(R"({"access_token":"at","refresh_token":"rt",
      "token_type":"bearer","expires_in":3600,"scope":"b a","id_token":"x.y.z",
      "issued_token_type":"urn:t","unknown":{"a":[1]}})");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->access_token.Reveal(), "at");
  EXPECT_EQ(token->refresh_token.Reveal(), "rt");
  EXPECT_EQ(token->token_type, "Bearer");
  EXPECT_EQ(token->expires_in, absl::Hours(1));
  EXPECT_EQ(token->scope, (ScopeSet{"a", "b"}));
  EXPECT_EQ(token->id_token.Reveal(), "x.y.z");
  EXPECT_EQ(token->issued_token_type, "urn:t");
}

TEST(TokenResponseTest, ReadsAFormEncodedAnswer) {
  auto token = Parse(
      "access_token=at%2F1&expires_in=28800&refresh_token=rt&scope=a%20b&"
      "token_type=bearer");
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->access_token.Reveal(), "at/1");
  EXPECT_EQ(token->expires_in, absl::Hours(8));
  EXPECT_EQ(token->scope, (ScopeSet{"a", "b"}));
}

struct Case {
  const char* name;
  std::string body;
  const char* outcome;
  int status = 200;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class AnswerTest : public ::testing::TestWithParam<Case> {};

TEST_P(AnswerTest, IsReadAsTheTableSays) {
  EXPECT_EQ(Outcome(GetParam().body, GetParam().status), GetParam().outcome);
}

constexpr char kGood[] = R"({"access_token":"at"})";

INSTANTIATE_TEST_SUITE_P(
    Table, AnswerTest,
    ::testing::Values(
        Case{"Smallest", kGood, "good"}, Case{"Created", kGood, "good", 201},
        Case{"ByteOrderMark", absl::StrCat("\xef\xbb\xbf", kGood), "good"},
        Case{"Spaces", absl::StrCat("\n ", kGood, "\r\n"), "good"},
        Case{"Html", "<!doctype html><h1>Down</h1>",
             "PROVIDER_ANSWER_INVALID html"},
        Case{"HtmlError", "<html>", "PROVIDER_ANSWER_INVALID html", 400},
        Case{"Empty", "", "PROVIDER_ANSWER_INVALID empty"},
        Case{"Blank", " \r\n", "PROVIDER_ANSWER_INVALID empty"},
        Case{"TenMegabytes",
             absl::StrCat(R"({"access_token":")", std::string(10 << 20, 'a'),
                          R"("})"),
             "PROVIDER_ANSWER_INVALID too_large"},
        Case{"HugeRefreshToken",
             absl::StrCat(R"({"access_token":"at","refresh_token":")",
                          std::string(100 << 10, 'a'), R"("})"),
             "PROVIDER_ANSWER_INVALID too_large"},
        Case{"LongRefreshToken",
             absl::StrCat(R"({"access_token":"at","refresh_token":")",
                          std::string(60 << 10, 'a'), R"("})"),
             "good"},
        Case{"Truncated", R"({"access_token":"at","refr)",
             "PROVIDER_ANSWER_INVALID not_json"},
        Case{"Array", R"([{"access_token":"at"}])",
             "PROVIDER_ANSWER_INVALID not_json"},
        Case{"PlainText", "Service Unavailable",
             "PROVIDER_ANSWER_INVALID not_json"},
        Case{"Gzip", "\x1f\x8b\x08\x01", "PROVIDER_ANSWER_INVALID not_json"},
        Case{"Latin1", "{\"access_token\":\"\xe4\"}",
             "PROVIDER_ANSWER_INVALID not_json"},
        Case{"TwoDocuments", absl::StrCat(kGood, kGood),
             "PROVIDER_ANSWER_INVALID not_json"},
        Case{"DuplicateKey", R"({"access_token":"a","access_token":"b"})",
             "PROVIDER_ANSWER_INVALID duplicate_key"},
        Case{"DuplicateFormKey", "access_token=a&access_token=b",
             "PROVIDER_ANSWER_INVALID duplicate_key"},
        Case{"Deep",
             absl::StrCat(R"({"access_token":"a","x":)", std::string(20, '['),
                          std::string(20, ']'), "}"),
             "PROVIDER_ANSWER_INVALID too_deep"},
        Case{"NoToken", R"({"token_type":"bearer"})",
             "PROVIDER_ANSWER_INVALID no_token"},
        Case{"NullToken", R"({"access_token":null})",
             "PROVIDER_ANSWER_INVALID no_token"},
        Case{"EmptyToken", R"({"access_token":""})",
             "PROVIDER_ANSWER_INVALID no_token"},
        Case{"NumberToken", R"({"access_token":7})",
             "PROVIDER_ANSWER_INVALID token_characters"},
        Case{"NulInToken", R"({"access_token":"a\u0000b"})",
             "PROVIDER_ANSWER_INVALID token_characters"},
        Case{"LineEndInToken", R"({"access_token":"a\r\nX-Evil: 1"})",
             "PROVIDER_ANSWER_INVALID token_characters"},
        Case{"NulInRefreshToken",
             R"({"access_token":"a","refresh_token":"r\u0000"})",
             "PROVIDER_ANSWER_INVALID token_characters"},
        Case{"UmlautInToken", "{\"access_token\":\"\xc3\xa4\"}",
             "PROVIDER_ANSWER_INVALID token_characters"},
        Case{"MacToken", R"({"access_token":"at","token_type":"mac"})",
             "PROVIDER_ANSWER_INVALID token_type"},
        Case{"DpopToken", R"({"access_token":"at","token_type":"DPoP"})",
             "PROVIDER_ANSWER_INVALID token_type"},
        Case{"Redirect", "", "PROVIDER_ANSWER_INVALID redirect", 302},
        Case{"GrantGone", R"({"error":"invalid_grant"})", "GRANT_GONE", 400},
        Case{"GrantGoneWith403", R"({"error":"invalid_grant"})", "GRANT_GONE",
             403},
        Case{"GrantGoneWith200", R"({"error":"invalid_grant"})", "GRANT_GONE"},
        Case{"GrantGoneAsForm", "error=invalid_grant&error_description=x",
             "GRANT_GONE"},
        Case{"ErrorBesideAToken",
             R"({"access_token":"at","error":"invalid_grant"})", "GRANT_GONE"},
        Case{"NullErrorBesideAToken", R"({"access_token":"at","error":null})",
             "good"},
        Case{"OurClientIsWrong", R"({"error":"invalid_client"})",
             "PROVIDER_MISCONFIGURED invalid_client", 401},
        Case{"OurClientMayNot", R"({"error":"unauthorized_client"})",
             "PROVIDER_MISCONFIGURED unauthorized_client", 400},
        Case{"ScopeRefused", R"({"error":"invalid_scope"})",
             "PROVIDER_REFUSED invalid_scope", 400},
        Case{"TheirTrouble", R"({"error":"server_error"})",
             "PROVIDER_UNREACHABLE server_error", 400},
        Case{"ErrorOfNoStandard", R"({"error":"s3cr3t <b>"})",
             "PROVIDER_REFUSED unknown_error", 400},
        Case{"ErrorObject", R"({"error":{"message":"x"}})",
             "PROVIDER_REFUSED unknown_error", 400},
        Case{"ErrorWithoutCode", R"({"message":"no"})",
             "PROVIDER_REFUSED unknown_error", 400},
        Case{"RateLimited", "<html>", "PROVIDER_RATE_LIMITED", 429},
        Case{"ServerError", kGood, "PROVIDER_UNREACHABLE http_500", 500},
        Case{"Unavailable", "", "PROVIDER_UNREACHABLE http_503", 503}),
    [](const auto& info) { return info.param.name; });

struct Expiry {
  const char* json;
  std::optional<absl::Duration> lifetime;
};

TEST(TokenResponseTest, ReadsTheLifetimeInEveryForm) {
  for (const Expiry& expiry :
       std::initializer_list<Expiry>{{"3600", absl::Hours(1)},
                                     {"\"3600\"", absl::Hours(1)},
                                     {"3600.9", absl::Hours(1)},
                                     {"1", absl::Seconds(1)},
                                     {"315360000", absl::Hours(24 * 3650)},
                                     {"315360001", std::nullopt},
                                     {"0", std::nullopt},
                                     {"0.5", std::nullopt},
                                     {"-1", std::nullopt},
                                     {"1e400", std::nullopt},
                                     {"-1e400", std::nullopt},
                                     {"1e30", std::nullopt},
                                     {"18446744073709551616", std::nullopt},
                                     {"\"NaN\"", std::nullopt},
                                     {"\"inf\"", std::nullopt},
                                     {"\"soon\"", std::nullopt},
                                     {"\"\"", std::nullopt},
                                     {"null", std::nullopt},
                                     {"true", std::nullopt},
                                     {"[3600]", std::nullopt}}) {
    auto token = Parse(absl::StrCat(R"({"access_token":"at","expires_in":)",
                                    expiry.json, "}"));
    ASSERT_TRUE(token.ok()) << expiry.json;
    EXPECT_EQ(token->expires_in, expiry.lifetime) << expiry.json;
  }
}

TEST(TokenResponseTest, FallsBackToThePresetsLifetime) {
  Provider provider = Plain();
  EXPECT_EQ(Parse(kGood)->Lifetime(provider), absl::Minutes(5));
  provider.expires_default = absl::Hours(2);
  EXPECT_EQ(Parse(kGood)->Lifetime(provider), absl::Hours(2));
}

TEST(TokenResponseTest, KnowsNoRefreshTokenWhenNoneCame) {
  for (const char* body : {R"({"access_token":"at"})",
                           R"({"access_token":"at","refresh_token":""})",
                           R"({"access_token":"at","refresh_token":null})"}) {
    EXPECT_TRUE(Parse(body)->refresh_token.empty()) << body;
  }
}

TEST(TokenResponseTest, ReadsScopesAsTheProviderWritesThem) {
  Provider provider = Plain();
  provider.scope_response_delimiter = ", ";
  EXPECT_EQ(
      Parse(R"({"access_token":"a","scope":"x,y, z"})", 200, provider)->scope,
      (ScopeSet{"x", "y", "z"}));
  EXPECT_EQ(Parse(R"({"access_token":"a","scope":["x","y",7]})", 200, provider)
                ->scope,
            (ScopeSet{"x", "y"}));
  EXPECT_EQ(Parse(R"({"access_token":"a","scope":""})")->scope, ScopeSet());
  EXPECT_EQ(Parse(kGood)->scope, std::nullopt);
  provider.scope_in_response = false;
  EXPECT_EQ(Parse(R"({"access_token":"a","scope":""})", 200, provider)->scope,
            std::nullopt);
}

TEST(TokenResponseTest, CountsScopesThatAreNeverEchoed) {
  Provider provider = Plain();
  provider.scope_not_echoed = {"offline_access", "openid"};
  TokenResponse token;
  const ScopeSet asked = {"offline_access", "read", "write"};
  EXPECT_EQ(token.GrantedScopes(provider, asked), asked);
  token.scope = ScopeSet{"read"};
  EXPECT_EQ(token.GrantedScopes(provider, asked),
            (ScopeSet{"offline_access", "read"}));
}

TEST(TokenResponseTest, PrefersThePresetsReadingOfAnError) {
  Provider provider = Plain();
  provider.errors_grant_gone = {"unauthorized_client", "token_revoked"};
  provider.errors_app_misconfigured = {"bad_secret"};
  provider.errors_transient = {"busy"};
  EXPECT_EQ(Outcome(R"({"error":"unauthorized_client"})", 400, provider),
            "GRANT_GONE");
  EXPECT_EQ(Outcome(R"({"error":"token_revoked"})", 200, provider),
            "GRANT_GONE");
  EXPECT_EQ(Outcome(R"({"error":"bad_secret"})", 400, provider),
            "PROVIDER_MISCONFIGURED bad_secret");
  EXPECT_EQ(Outcome(R"({"error":"busy"})", 400, provider),
            "PROVIDER_UNREACHABLE busy");
}

TEST(TokenResponseTest, FindsErrorsWhereThePresetSays) {
  Provider provider = Plain();
  provider.ok_path = "ok";
  EXPECT_EQ(Outcome(R"({"ok":false,"error":"invalid_grant"})", 200, provider),
            "GRANT_GONE");
  EXPECT_EQ(Outcome(R"({"ok":false,"access_token":"at"})", 200, provider),
            "PROVIDER_REFUSED unknown_error");
  EXPECT_EQ(Outcome(R"({"ok":true,"access_token":"at"})", 200, provider),
            "good");
  provider.error_path = "fault.code";
  EXPECT_EQ(Outcome(R"({"fault":{"code":"invalid_client"}})", 400, provider),
            "PROVIDER_MISCONFIGURED invalid_client");
}

TEST(TokenResponseTest, HonoursRetryAfterWithinReason) {
  for (auto [value, delay] :
       std::initializer_list<std::pair<const char*, absl::Duration>>{
           {"120", absl::Seconds(120)},
           {"999999", absl::Hours(1)},
           {"0", absl::Seconds(30)},
           {"-5", absl::Seconds(30)},
           {"soon", absl::Seconds(30)},
           {"", absl::Seconds(30)},
           // The three forms of RFC 9110, two minutes after Date.
           {"Wed, 21 Oct 2026 07:30:00 GMT", absl::Seconds(120)},
           {"Wednesday, 21-Oct-26 07:30:00 GMT", absl::Seconds(120)},
           {"Wed Oct 21 07:30:00 2026", absl::Seconds(120)},
           {"Thu, 22 Oct 2026 07:30:00 GMT", absl::Hours(1)},
           {"Wed, 21 Oct 2026 07:28:00 GMT", absl::Seconds(30)},
           {"Wed, 21 Oct 2015 07:28:00 GMT", absl::Seconds(30)},
           {"2026-10-21T07:30:00Z", absl::Seconds(30)}}) {
    for (int status : {429, 503}) {
      HttpResponse response =
          FakeHttpClient::Response(status, "text/plain", "");
      response.headers.emplace_back("Date", "Wed, 21 Oct 2026 07:28:00 GMT");
      response.headers.emplace_back("retry-after", value);
      EXPECT_EQ(response.RetryAfter(), delay) << value;
      EXPECT_EQ(RetryDelayOf(ParseTokenResponse(Plain(), response).status()),
                delay)
          << value;
    }
  }
}

TEST(TokenResponseTest, NeedsADateToMakeSenseOfARetryDate) {
  HttpResponse response = FakeHttpClient::Response(429, "text/plain", "");
  response.headers.emplace_back("Retry-After", "Wed, 21 Oct 2026 07:30:00 GMT");
  EXPECT_EQ(response.RetryAfter(), absl::Seconds(30));
}

TEST(TokenResponseTest, AsksForNoPatienceThatTheServerDidNotAskFor) {
  for (int status : {200, 400, 500, 502}) {
    HttpResponse response = FakeHttpClient::Response(status, "text/plain", "");
    EXPECT_EQ(response.RetryAfter(), absl::ZeroDuration()) << status;
    response.headers.emplace_back("Retry-After", "7");
    EXPECT_EQ(response.RetryAfter(), absl::Seconds(7)) << status;
  }
}

TEST(TokenResponseTest, SaysThatA503MayHaveBeenProcessed) {
  EXPECT_EQ(MetadataOf(Parse("", 503).status(), "maybe_sent"), "true");
}

TEST(TokenResponseTest, CapturesWhatThePresetAsksFor) {
  Provider provider = Plain();
  provider.capture = {"instance_url", "api_domain", "odd", "absent"};
  auto token = Parse(
      R"({"access_token":"a","instance_url":"https://x","api_domain":7,
          "odd":"a\u0007"})",
      200, provider);
  ASSERT_TRUE(token.ok());
  EXPECT_THAT(token->captured, ::testing::ElementsAre(::testing::Pair(
                                   "instance_url", "https://x")));
}

TEST(TokenResponseTest, QuotesNothingOfTheAnswer) {
  for (int status : {200, 400, 403, 429, 500}) {
    for (const char* body :
         {R"({"error":"canary-1","error_description":"canary-2"})",
          R"({"access_token":"canary-3)", "<p>canary-4", "canary=5&canary=6",
          R"({"access_token":"canary","token_type":"canary"})"}) {
      absl::Status error = Parse(body, status).status();
      EXPECT_THAT(error.ToString(),
                  ::testing::Not(::testing::HasSubstr("canary")));
    }
  }
}

}  // namespace
}  // namespace tokenvault
