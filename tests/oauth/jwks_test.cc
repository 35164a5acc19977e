#include "oauth/jwks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "oauth/jws_signature.h"
#include "tests/oauth/test_signer.h"
#include "tests/support/fake_http_client.h"

namespace tokenvault {
namespace {

constexpr char kUri[] = "https://issuer.example/jwks";

std::string Set(const std::string& keys) {
  return absl::StrCat(R"({"keys":[)", keys, "]}");
}

size_t Count(const std::string& keys) {
  auto set = ParseJwks(Set(keys), "issuer.example");
  return set.ok() ? set->keys.size() : 0;
}

// RFC 7517 appendix A.1.
constexpr char kRfcEc[] =
    R"({"kty":"EC","crv":"P-256",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "use":"enc","kid":"1"})";
constexpr char kRfcRsa[] =
    R"({"kty":"RSA","n":
"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e":"AQAB","alg":"RS256","kid":"2011-04-29"})";
// RFC 8037 appendix A.2, and the signature of A.4.
constexpr char kRfcOkp[] =
    R"({"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

TEST(JwksTest, ReadsTheKeysOfTheRfcs) {
  auto rsa = ParseJwks(Set(kRfcRsa), "i");
  ASSERT_TRUE(rsa.ok());
  EXPECT_EQ(rsa->keys[0].kid, "2011-04-29");
  EXPECT_EQ(rsa->keys[0].algorithm, JwsAlgorithm::kRs256);
  EXPECT_EQ(Count(kRfcOkp), 1);
  // The EC key of the RFC is for encryption.
  EXPECT_EQ(Count(kRfcEc), 0);
  std::string signing = kRfcEc;
  signing.replace(signing.find("enc"), 3, "sig");
  EXPECT_EQ(Count(signing), 1);
}

TEST(JwksTest, VerifiesTheSignatureOfRfc8037) {
  auto set = ParseJwks(Set(kRfcOkp), "i");
  ASSERT_TRUE(set.ok());
  const std::string text =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
  const std::string signature = *Base64UrlDecode(
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7"
      "sVvpAr_MuM0KAg");
  EXPECT_TRUE(VerifySignature(set->keys[0], text, signature));
  EXPECT_FALSE(VerifySignature(set->keys[0], text + "x", signature));
}

TEST(JwksTest, DropsKeysThatCannotBeTrusted) {
  const TestSigner rsa("RS256", "a");
  const TestSigner ec("ES256", "b");
  EXPECT_EQ(Count(rsa.Jwk()), 1);
  EXPECT_EQ(Count(rsa.Jwk(R"(,"use":"sig","key_ops":["verify"])")), 1);
  for (const std::string& key :
       {std::string(R"({"kty":"oct","k":"c2VjcmV0","alg":"HS256"})"),
        TestSigner("RS256", "weak", 1024).Jwk(), rsa.Jwk(R"(,"use":"enc")"),
        rsa.Jwk(R"(,"key_ops":["encrypt"])"), rsa.Jwk(R"(,"use":1)"),
        // e = 1, even e, long e, even n
        std::string(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"),
        std::string(R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})"),
        std::string(R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})"),
        std::string(R"({"kty":"OKP","crv":"Ed448","x":"AA"})"),
        std::string(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"),
        std::string(R"({"kty":"AKP"})"), std::string("null"), std::string("[]"),
        std::string("7")}) {
    EXPECT_EQ(Count(key), 0) << key;
  }
}

TEST(JwksTest, DropsRsaKeysWithABadExponent) {
  const std::string good = kRfcRsa;
  for (const char* exponent :
       {"AQ", "Ag", "AQAC", "AQAAAAAAAAAB", "", "AQAB="}) {
    std::string key = good;
    key.replace(key.find("\"AQAB\""), 6, absl::StrCat("\"", exponent, "\""));
    EXPECT_EQ(Count(key), 0) << exponent;
  }
}

TEST(JwksTest, DropsPointsOffTheCurve) {
  std::string key = kRfcEc;
  key.replace(key.find("enc"), 3, "sig");
  key.replace(key.find("4Etl6S"), 6, "4Etl6T");
  EXPECT_EQ(Count(key), 0);
}

TEST(JwksTest, DropsAKeyWhoseAlgorithmIsNotItsOwn) {
  std::string key = TestSigner("ES256", "b").Jwk();
  key.replace(key.find("ES256"), 5, "RS256");
  EXPECT_EQ(Count(key), 0);
  key = kRfcRsa;
  key.replace(key.find("RS256"), 5, "HS256");
  EXPECT_EQ(Count(key), 0);
}

TEST(JwksTest, KeepsGoodKeysBesideBadOnes) {
  EXPECT_EQ(
      Count(absl::StrCat(R"({"kty":"oct","k":"AA"},)", kRfcRsa, ",", kRfcOkp)),
      2);
}

TEST(JwksTest, RefusesWhatIsNoKeySet) {
  for (const char* body : {"", "<html>", "{}", R"({"keys":[]})",
                           R"({"keys":{}})", R"({"keys":[],"keys":[]})"}) {
    auto set = ParseJwks(body, "issuer.example");
    EXPECT_EQ(ReasonOf(set.status()), "PROVIDER_ANSWER_INVALID") << body;
  }
}

TEST(JwksTest, FindsNoKeyWhenTwoFit) {
  const TestSigner a("ES256", "same");
  const TestSigner b("ES256", "same");
  auto set = ParseJwks(Set(absl::StrCat(a.Jwk(), ",", b.Jwk())), "i");
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->Find("same", JwsAlgorithm::kEs256), nullptr);
  EXPECT_EQ(set->Find("", JwsAlgorithm::kEs256), nullptr);
}

class JwksCacheTest : public ::testing::Test {
 protected:
  const TestSigner old_{"ES256", "old"};
  const TestSigner new_{"ES256", "new"};
  FakeHttpClient http_;
  JwksCache cache_{http_};
  const absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_F(JwksCacheTest, AsksOnceWhileFresh) {
  http_.AnswerJson(200, old_.JwkSet());
  EXPECT_TRUE(cache_.Get(kUri, "old", start_).ok());
  EXPECT_TRUE(cache_.Get(kUri, "old", start_ + absl::Minutes(14)).ok());
  EXPECT_EQ(http_.requests().size(), 1);
  EXPECT_EQ(http_.requests()[0].url, kUri);
}

TEST_F(JwksCacheTest, AsksAgainForAKeyItDoesNotKnow) {
  http_.AnswerJson(200, old_.JwkSet());
  http_.AnswerJson(200, new_.JwkSet());
  ASSERT_TRUE(cache_.Get(kUri, "old", start_).ok());
  auto set = cache_.Get(kUri, "new", start_ + absl::Seconds(31));
  ASSERT_TRUE(set.ok());
  EXPECT_TRUE((*set)->HasKid("new"));
}

TEST_F(JwksCacheTest, DoesNotFloodTheIssuerForInventedKeys) {
  http_.AnswerJson(200, old_.JwkSet());
  ASSERT_TRUE(cache_.Get(kUri, "old", start_).ok());
  for (int i = 0; i < 100; ++i) {
    auto set = cache_.Get(kUri, absl::StrCat("invented-", i),
                          start_ + absl::Milliseconds(i * 200));
    ASSERT_TRUE(set.ok());
    EXPECT_TRUE((*set)->HasKid("old"));
  }
  EXPECT_EQ(http_.requests().size(), 1);
}

TEST_F(JwksCacheTest, UsesTheLastSetWhileTheIssuerIsAway) {
  http_.AnswerJson(200, old_.JwkSet());
  ASSERT_TRUE(cache_.Get(kUri, "old", start_).ok());
  EXPECT_TRUE(cache_.Get(kUri, "old", start_ + absl::Hours(23)).ok());
  auto late = cache_.Get(kUri, "old", start_ + absl::Hours(25));
  EXPECT_EQ(ReasonOf(late.status()), "PROVIDER_UNREACHABLE");
}

TEST_F(JwksCacheTest, RemembersAFailureForAWhile) {
  EXPECT_FALSE(cache_.Get(kUri, "old", start_).ok());
  EXPECT_FALSE(cache_.Get(kUri, "old", start_ + absl::Seconds(10)).ok());
  EXPECT_EQ(http_.requests().size(), 1);
  http_.AnswerJson(200, old_.JwkSet());
  EXPECT_TRUE(cache_.Get(kUri, "old", start_ + absl::Seconds(31)).ok());
}

TEST_F(JwksCacheTest, SaysWhichHttpStatusItGot) {
  http_.AnswerJson(404, "{}");
  EXPECT_EQ(MetadataOf(cache_.Get(kUri, "", start_).status(), "problem"),
            "http_404");
}

}  // namespace
}  // namespace tokenvault
