#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/curl_http_client.h"
#include "oauth/oauth_client.h"
#include "tests/oauth/loopback_server.h"

// Answers of a token endpoint that lie about themselves, through the real HTTP
// client: whatever the bytes claim to be, what comes of them is a named error
// within the limits.
namespace tokenvault {
namespace {

constexpr char kTokens[] = R"({"access_token":"at-1","expires_in":3600})";

// A refresh that is answered with `answer`, bytes as they stand: "good", or the
// reason and the problem.
std::string Outcome(const std::string& answer) {
  LoopbackServer server(answer);
  EgressRules rules;
  rules.allow_http_loopback = true;
  CurlHttpClient http(rules);
  OAuthClient client(http);
  Provider provider;
  provider.id = ProviderId("p");
  provider.client_id = "c";
  provider.client_auth = ClientAuth::kNone;
  provider.token_url = server.Url("/token");
  const absl::Status status = client.Refresh(provider, Secret("rt-1")).status();
  return status.ok() ? "good"
                     : absl::StrCat(ReasonOf(status), " ",
                                    MetadataOf(status, "problem"));
}

std::string Chunked(const std::string& chunks) {
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      chunks);
}

std::string OfType(const std::string& content_type, const std::string& body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: ", content_type,
                      "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

std::string Utf16(absl::string_view ascii) {
  std::string text = "\xff\xfe";
  for (char c : ascii) absl::StrAppend(&text, std::string{c, '\0'});
  return text;
}

TEST(HostileAnswersTest, ReadsChunksThatSayTheirLength) {
  EXPECT_EQ(
      Outcome(Chunked(absl::StrCat("5\r\n", std::string(kTokens, 5), "\r\n",
                                   absl::Hex(sizeof kTokens - 6), "\r\n",
                                   kTokens + 5, "\r\n0\r\n\r\n"))),
      "good");
}

// As good as no answer: nobody knows what was to come.
TEST(HostileAnswersTest, BelievesNoChunkThatLiesAboutItsLength) {
  // More is announced than comes, less is, and what no number is.
  for (const char* length :
       {"fff", "ffffffffffffffff", "2", "zz", "-1", "", "0x29"}) {
    EXPECT_EQ(Outcome(Chunked(
                  absl::StrCat(length, "\r\n", kTokens, "\r\n0\r\n\r\n"))),
              "PROVIDER_UNREACHABLE reset")
        << length;
  }
  // Well-formed, and without its end.
  EXPECT_EQ(Outcome(Chunked(absl::StrCat(absl::Hex(sizeof kTokens - 1), "\r\n",
                                         kTokens, "\r\n"))),
            "PROVIDER_UNREACHABLE reset");
}

TEST(HostileAnswersTest, CutsChunksWithoutEnd) {
  std::string chunks;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&chunks, "400\r\n", std::string(1024, ' '), "\r\n");
  }
  EXPECT_EQ(Outcome(Chunked(chunks)), "PROVIDER_ANSWER_INVALID too_large");
}

// JSON is UTF-8 (RFC 8259 §8.1), whatever the header calls it.
TEST(HostileAnswersTest, ReadsUtf8UnderAnyName) {
  for (const char* type :
       {"application/json; charset=utf-8", "application/json;charset=UTF-16",
        "application/json; charset=\"iso-8859-1\"", "text/html; charset=x",
        "application/json; charset"}) {
    EXPECT_EQ(Outcome(OfType(type, kTokens)), "good") << type;
  }
}

TEST(HostileAnswersTest, ReadsNothingElseForUtf8) {
  EXPECT_EQ(Outcome(OfType("application/json; charset=utf-16", Utf16(kTokens))),
            "PROVIDER_ANSWER_INVALID not_json");
  EXPECT_EQ(Outcome(OfType("application/json; charset=iso-8859-1",
                           "{\"access_token\":\"at\",\"scope\":\"\xe9\"}")),
            "PROVIDER_ANSWER_INVALID not_json");
}

// Deflate's shortest way to say "the same again, 258 times": 13 bits. With a
// right CRC and length, so that any reader of gzip would unpack all of it.
std::string GzipBomb() {
  constexpr int kRuns = 30000;
  constexpr uint32_t kSize = 1 + 258 * kRuns;  // 7.7 million zeros
  constexpr uint32_t kCrc = 0xba01132a;
  std::string bomb("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  unsigned bits = 0;
  int count = 0;
  auto put = [&](absl::string_view code) {
    for (char c : code) {
      bits |= (c == '1' ? 1U : 0U) << count;
      if (++count == 8) {
        bomb += static_cast<char>(bits);
        bits = 0;
        count = 0;
      }
    }
  };
  put("110");  // the last block, with the fixed codes
  put("00110000");
  for (int i = 0; i < kRuns; ++i) put("1100010100000");
  put("0000000");
  while (count != 0) put("0");
  for (uint32_t number : {kCrc, kSize}) {
    for (int i = 0; i < 4; ++i) {
      bomb += static_cast<char>(number >> (8 * i) & 0xff);
    }
  }
  return bomb;
}

TEST(HostileAnswersTest, UnpacksNoBomb) {
  const std::string bomb = GzipBomb();
  ASSERT_LT(bomb.size(), size_t{64} * 1024);  // within what an answer may have
  for (const char* encoding : {"gzip", "x-gzip", "deflate", "gzip, gzip"}) {
    EXPECT_EQ(
        Outcome(absl::StrCat(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            "Content-Encoding: ",
            encoding, "\r\nContent-Length: ", bomb.size(), "\r\n\r\n", bomb)),
        "PROVIDER_ANSWER_INVALID not_json")
        << encoding;
  }
}

// curl unpacks a transfer encoding that it asked for, and this one asks none.
TEST(HostileAnswersTest, UnpacksNoBombThatIsATransferEncoding) {
  const std::string bomb = GzipBomb();
  const std::string outcome = Outcome(
      absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                   "Transfer-Encoding: gzip, chunked\r\n\r\n",
                   absl::Hex(bomb.size()), "\r\n", bomb, "\r\n0\r\n\r\n"));
  EXPECT_THAT(outcome, ::testing::StartsWith("PROVIDER_ANSWER_INVALID "));
}

}  // namespace
}  // namespace tokenvault
