#include "oauth/jwt_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/encoding.h"
#include "tests/oauth/test_signer.h"

namespace tokenvault {
namespace {

constexpr char kIssuer[] = "https://login.example.com";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// What a good token says; `change` replaces or adds members.
constexpr char kClaims[] =
    R"({"iss":"https://login.example.com","sub":"ana-1","aud":"vault",)"
    R"("exp":1800000300,"iat":1799999990,"nonce":"n-1",)"
    R"("email":"ana@example.com","email_verified":true,"name":"Ana"})";

class JwtVerifierTest : public ::testing::Test {
 protected:
  JwtVerifierTest() {
    expected_.issuer = kIssuer;
    expected_.audience = "vault";
    expected_.nonce = "n-1";
    keys_ = *ParseJwks(absl::StrCat(R"({"keys":[)", rsa_.Jwk(), ",", ec_.Jwk(),
                                    ",", ed_.Jwk(), ",", pss_.Jwk(), "]}"),
                       "login.example.com");
  }

  std::string Outcome(const std::string& token) {
    auto verdict = VerifyJwt(token, keys_, expected_, kNow);
    if (auto* problem = std::get_if<JwtProblem>(&verdict)) {
      return std::string(JwtProblemName(*problem));
    }
    return "good";
  }
  // The outcome for good claims in which `from` became `to`.
  std::string With(absl::string_view from, absl::string_view to) {
    std::string claims = absl::StrReplaceAll(kClaims, {{from, to}});
    EXPECT_NE(claims, kClaims) << from;
    return Outcome(ec_.Sign(claims));
  }
  std::string WithHeader(absl::string_view header) {
    return Outcome(ec_.Sign(header, kClaims));
  }

  static const TestSigner rsa_;
  static const TestSigner pss_;
  const TestSigner ec_{"ES256", "ec"};
  const TestSigner ed_{"EdDSA", "ed"};
  Jwks keys_;
  JwtExpectation expected_;
};
// Slow to make, so made once.
const TestSigner JwtVerifierTest::rsa_{"RS256", "rsa"};
const TestSigner JwtVerifierTest::pss_{"PS256", "pss"};

TEST_F(JwtVerifierTest, AcceptsEveryAlgorithmWithItsOwnKey) {
  for (const TestSigner* signer : {&rsa_, &pss_, &ec_, &ed_}) {
    EXPECT_EQ(Outcome(signer->Sign(kClaims)), "good") << signer->Jwk();
  }
}

TEST_F(JwtVerifierTest, GivesTheClaims) {
  auto verdict = VerifyJwt(ec_.Sign(kClaims), keys_, expected_, kNow);
  const auto* claims = std::get_if<JwtClaims>(&verdict);
  ASSERT_NE(claims, nullptr);
  EXPECT_EQ(claims->issuer, kIssuer);
  EXPECT_EQ(claims->subject, "ana-1");
  EXPECT_THAT(claims->audience, ::testing::ElementsAre("vault"));
  EXPECT_EQ(claims->expires, kNow + absl::Seconds(300));
  EXPECT_EQ(claims->issued_at, kNow - absl::Seconds(10));
  EXPECT_EQ(claims->auth_time, absl::InfinitePast());
  EXPECT_EQ(claims->email, "ana@example.com");
  EXPECT_TRUE(claims->email_verified);
  EXPECT_EQ(claims->name, "Ana");
}

TEST_F(JwtVerifierTest, RefusesAnUnsignedToken) {
  for (const char* name : {"none", "None", "NONE", ""}) {
    const std::string header =
        Base64UrlEncode(absl::StrCat(R"({"alg":")", name, R"("})"));
    const std::string text =
        absl::StrCat(header, ".", Base64UrlEncode(kClaims), ".");
    EXPECT_EQ(Outcome(text), "algorithm");
  }
}

TEST_F(JwtVerifierTest, RefusesAPublicKeyUsedAsAnHmacSecret) {
  const std::string text =
      absl::StrCat(Base64UrlEncode(R"({"alg":"HS256","kid":"rsa"})"), ".",
                   Base64UrlEncode(kClaims));
  for (const std::string& secret : {rsa_.PublicKeyPem(), rsa_.Jwk()}) {
    unsigned char mac[32];
    unsigned size = sizeof mac;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac,
         &size);
    const std::string signature(reinterpret_cast<char*>(mac), size);
    EXPECT_EQ(Outcome(absl::StrCat(text, ".", Base64UrlEncode(signature))),
              "algorithm");
  }
}

TEST_F(JwtVerifierTest, BindsTheAlgorithmToTheKey) {
  // The header asks for RSA and names the EC key, and so on.
  EXPECT_EQ(WithHeader(R"({"alg":"RS256","kid":"ec"})"), "unknown_key");
  EXPECT_EQ(WithHeader(R"({"alg":"PS256","kid":"rsa"})"), "unknown_key");
  EXPECT_EQ(WithHeader(R"({"alg":"ES256","kid":"ed"})"), "unknown_key");
}

TEST_F(JwtVerifierTest, RefusesAnAlgorithmThatThisIssuerMayNotUse) {
  expected_.algorithms = {JwsAlgorithm::kRs256};
  EXPECT_EQ(Outcome(ec_.Sign(kClaims)), "algorithm");
  EXPECT_EQ(Outcome(rsa_.Sign(kClaims)), "good");
}

TEST_F(JwtVerifierTest, IgnoresKeysThatTheTokenBrings) {
  const TestSigner evil("ES256", "evil");
  for (const std::string& header :
       {absl::StrCat(R"({"alg":"ES256","jwk":)", evil.Jwk(), "}"),
        absl::StrCat(R"({"alg":"ES256","kid":"evil","jwk":)", evil.Jwk(), "}"),
        std::string(
            R"({"alg":"ES256","kid":"ec","jku":"https://evil.example/jwks"})"),
        std::string(R"({"alg":"ES256","kid":"ec","x5u":"https://e/"})"),
        std::string(R"({"alg":"ES256","kid":"ec","x5c":["MIIB"]})")}) {
    const std::string outcome = Outcome(evil.Sign(header, kClaims));
    EXPECT_THAT(outcome, ::testing::AnyOf("signature", "unknown_key"))
        << header;
  }
}

TEST_F(JwtVerifierTest, UsesTheKeyIdAsAMapKeyOnly) {
  for (const char* kid :
       {"\"../../dev/null\"", "\"ec\\u0000\"", "\"ec' OR 1=1\"", "\"EC\"", "1",
        "null", "[\"ec\"]", "{}", "\"\""}) {
    EXPECT_EQ(WithHeader(absl::StrCat(R"({"alg":"ES256","kid":)", kid, "}")),
              "unknown_key")
        << kid;
  }
}

TEST_F(JwtVerifierTest, NeedsNoKeyIdWhenOneKeyFits) {
  EXPECT_EQ(WithHeader(R"({"alg":"ES256"})"), "good");
}

TEST_F(JwtVerifierTest, RefusesCriticalExtensions) {
  for (const char* crit : {R"(["b64"])", R"(["exp"])", "[]", "null"}) {
    EXPECT_EQ(
        WithHeader(absl::StrCat(
            R"({"alg":"ES256","kid":"ec","b64":false,"crit":)", crit, "}")),
        "critical");
  }
}

TEST_F(JwtVerifierTest, RefusesEmptyAndZeroSignatures) {
  const std::string good = ec_.Sign(kClaims);
  const std::string text = good.substr(0, good.rfind('.') + 1);
  for (const std::string& signature :
       {std::string(), std::string(64, '\0'), std::string(63, '\1'),
        std::string(65, '\1'), std::string(64, '\xff'),
        std::string(32, '\0') + std::string(31, '\0') + '\1'}) {
    EXPECT_EQ(Outcome(text + Base64UrlEncode(signature)), "signature");
  }
}

TEST_F(JwtVerifierTest, RefusesASignatureInDer) {
  const std::string good = ec_.Sign(kClaims);
  const std::string text = good.substr(0, good.rfind('.') + 1);
  EXPECT_EQ(Outcome(text + Base64UrlEncode("\x30\x06\x02\x01\x01\x02\x01\x01")),
            "signature");
}

TEST_F(JwtVerifierTest, RefusesEveryFlippedBitOfTheSignedText) {
  const std::string payload_start = ec_.Sign(kClaims);
  const std::string signature =
      payload_start.substr(payload_start.rfind('.') + 1);
  const std::string header = payload_start.substr(0, payload_start.find('.'));
  const std::string claims = kClaims;
  for (size_t i = 0; i < claims.size(); ++i) {
    std::string changed = claims;
    changed[i] ^= 1;
    const std::string token =
        absl::StrCat(header, ".", Base64UrlEncode(changed), ".", signature);
    EXPECT_NE(Outcome(token), "good") << i;
  }
}

TEST_F(JwtVerifierTest, RefusesWhatIsNotThreePartsOfStrictBase64) {
  const std::string good = ec_.Sign(kClaims);
  EXPECT_EQ(Outcome(good), "good");
  const size_t first = good.find('.');
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), good + ".",
        "." + good, good + "=", good + "\n", " " + good,
        good.substr(0, good.rfind('.')), good.substr(first + 1),
        std::string(good).replace(first, 1, "=."),
        std::string(good).replace(first, 1, ".\n"),
        absl::StrReplaceAll(good, {{"-", "+"}, {"_", "/"}}) + "+"}) {
    EXPECT_EQ(Outcome(token), "malformed") << token;
  }
}

TEST_F(JwtVerifierTest, RefusesSpareBitsBehindTheSignature) {
  std::string token = rsa_.Sign(kClaims);  // 256 bytes: four spare bits
  ASSERT_EQ(Outcome(token), "good");
  const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  token.back() = alphabet[alphabet.find(token.back()) + 1];
  EXPECT_EQ(Outcome(token), "malformed");
}

TEST_F(JwtVerifierTest, RefusesAMemberThatComesTwice) {
  EXPECT_EQ(With(R"("sub":"ana-1")", R"("sub":"ana-1","sub":"ben-1")"),
            "malformed");
  EXPECT_EQ(WithHeader(R"({"alg":"ES256","kid":"ec","alg":"none"})"),
            "malformed");
}

TEST_F(JwtVerifierTest, RefusesATokenThatIsTooLarge) {
  EXPECT_EQ(With("Ana", std::string(20000, 'a')), "too_large");
}

TEST_F(JwtVerifierTest, ChecksTheIssuerByteByByte) {
  for (const char* issuer :
       {R"("https://login.example.com/")", R"("https://LOGIN.example.com")",
        R"("https://login.example.com.evil.example")", R"("")", "null",
        R"(["https://login.example.com"])"}) {
    EXPECT_EQ(With(R"("https://login.example.com")", issuer), "issuer")
        << issuer;
  }
}

TEST_F(JwtVerifierTest, ChecksTheAudience) {
  EXPECT_EQ(With(R"("aud":"vault")", R"("aud":["x","vault"])"), "good");
  for (const char* audience : {R"("vault2")", R"("Vault")", R"(["x"])", "[]",
                               "null", "7", R"(["vault",7])", R"("x vault")"}) {
    EXPECT_EQ(With(R"("aud":"vault")", absl::StrCat(R"("aud":)", audience)),
              "audience")
        << audience;
  }
  EXPECT_EQ(With(R"("aud":"vault",)", ""), "audience");
}

TEST_F(JwtVerifierTest, ChecksTheAuthorizedPartyWhereAsked) {
  expected_.authorized_party = "vault";
  EXPECT_EQ(With(R"("nonce")", R"("azp":"vault","nonce")"), "good");
  EXPECT_EQ(With(R"("nonce")", R"("azp":"other","nonce")"), "audience");
  EXPECT_EQ(With(R"("nonce")", R"("azp":7,"nonce")"), "audience");
  EXPECT_EQ(Outcome(ec_.Sign(kClaims)), "good");
}

TEST_F(JwtVerifierTest, NeedsASubject) {
  EXPECT_EQ(With(R"("sub":"ana-1",)", ""), "subject");
  EXPECT_EQ(With(R"("ana-1")", R"("")"), "subject");
  EXPECT_EQ(With(R"("ana-1")", "7"), "subject");
  EXPECT_EQ(With("ana-1", std::string(256, 'a')), "subject");
}

TEST_F(JwtVerifierTest, ChecksTheExpiryWithALittleLeeway) {
  auto expiring = [&](const char* at) { return With("1800000300", at); };
  EXPECT_EQ(expiring("1799999971"), "good");
  EXPECT_EQ(expiring("1799999970"), "expired");
  EXPECT_EQ(expiring("1800000000.5"), "good");
  for (const char* odd :
       {"0", "-1", "1e400", "1e30", "null", "true", R"("1800000300")", "[]"}) {
    EXPECT_EQ(expiring(odd), "expired") << odd;
  }
  EXPECT_EQ(With(R"("exp":1800000300,)", ""), "expired");
}

TEST_F(JwtVerifierTest, RefusesATokenFromTheFuture) {
  EXPECT_EQ(With("1799999990", "1800000030"), "good");
  EXPECT_EQ(With("1799999990", "1800000031"), "not_yet_valid");
  EXPECT_EQ(With(R"("nonce")", R"("nbf":1800000031,"nonce")"), "not_yet_valid");
  EXPECT_EQ(With(R"("nonce")", R"("nbf":"soon","nonce")"), "malformed");
}

TEST_F(JwtVerifierTest, RefusesATokenThatIsTooOldWhereAsked) {
  expected_.max_age = absl::Minutes(5);
  EXPECT_EQ(With("1799999990", "1799999671"), "good");
  EXPECT_EQ(With("1799999990", "1799999670"), "too_old");
  EXPECT_EQ(With(R"("iat":1799999990,)", ""), "too_old");
}

TEST_F(JwtVerifierTest, ChecksTheNonceWhereAsked) {
  EXPECT_EQ(With("n-1", "n-2"), "nonce");
  EXPECT_EQ(With(R"("nonce":"n-1",)", ""), "nonce");
  expected_.nonce = "";
  EXPECT_EQ(With(R"("nonce":"n-1",)", ""), "good");
}

TEST_F(JwtVerifierTest, RefusesOtherKindsOfTokensOfTheSameIssuer) {
  auto typed = [&](absl::string_view type) {
    return WithHeader(
        absl::StrCat(R"({"alg":"ES256","kid":"ec","typ":)", type, "}"));
  };
  EXPECT_EQ(WithHeader(R"({"alg":"ES256","kid":"ec"})"), "good");
  for (const char* good :
       {R"("JWT")", R"("jwt")", R"("application/jwt")", R"("")"}) {
    EXPECT_EQ(typed(good), "good") << good;
  }
  for (const char* bad :
       {R"("logout+jwt")", R"("at+jwt")", R"("secevent+jwt")", R"("dpop+jwt")",
        R"("text/jwt")", R"(" JWT")", R"("JWT\u0000")",
        R"("application/application/jwt")", "7", "null", R"(["JWT"])"}) {
    EXPECT_EQ(typed(bad), "type") << bad;
  }
  expected_.types = {"at+jwt"};
  EXPECT_EQ(typed(R"("AT+JWT")"), "good");
  EXPECT_EQ(typed(R"("application/at+jwt")"), "good");
  EXPECT_EQ(typed(R"("JWT")"), "type");
  EXPECT_EQ(WithHeader(R"({"alg":"ES256","kid":"ec"})"), "type");
}

// OpenID Back-Channel Logout §2.4: issuer, audience, subject and expiry of a
// logout token are those of an id_token.
TEST_F(JwtVerifierTest, TakesNoReportOfAnEventForAPerson) {
  EXPECT_EQ(
      With(
          R"("nonce")",
          R"("events":{"http://schemas.openid.net/event/backchannel-logout":{}},"nonce")"),
      "type");
  EXPECT_EQ(With(R"("nonce")", R"("events":null,"nonce")"), "type");
}

TEST_F(JwtVerifierTest, AcceptsNothingWhenTheExpectationIsEmpty) {
  expected_.issuer = "";
  EXPECT_EQ(With(R"("https://login.example.com")", R"("")"), "issuer");
  expected_.issuer = kIssuer;
  expected_.audience = "";
  EXPECT_EQ(With(R"("aud":"vault")", R"("aud":"")"), "audience");
}

TEST_F(JwtVerifierTest, PeeksWithoutBelieving) {
  const TestSigner evil("ES256", "evil");
  auto peek = PeekJwt(evil.Sign(kClaims));
  ASSERT_TRUE(peek.has_value());
  EXPECT_EQ(peek->issuer, kIssuer);
  EXPECT_EQ(peek->kid, "evil");
  EXPECT_FALSE(PeekJwt("a.b.c").has_value());
}

}  // namespace
}  // namespace tokenvault
