#include "oauth/client_assertion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "base/errors.h"
#include "oauth/jwt_signer.h"
#include "oauth/jwt_verifier.h"
#include "tests/oauth/test_signer.h"

namespace tokenvault {
namespace {

constexpr char kUrl[] = "https://as.example/token";

class ClientAssertionTest : public ::testing::TestWithParam<const char*> {
 protected:
  ClientAssertionTest() {
    provider_.id = ProviderId("p");
    provider_.client_id = "client-1";
    auto key = JwtSigner::FromPem(Secret(signer_.PrivateKeyPem()), "key-1");
    if (key.ok()) {
      provider_.client_key = std::make_shared<const JwtSigner>(*std::move(key));
    }
  }

  std::variant<JwtClaims, JwtProblem> Verify(const std::string& token,
                                             const std::string& audience,
                                             absl::Time now) {
    JwtExpectation expected;
    expected.issuer = "client-1";
    expected.audience = audience;
    return VerifyJwt(token, *ParseJwks(signer_.JwkSet(), "as.example"),
                     expected, now);
  }

  TestSigner signer_{GetParam(), "key-1"};
  Provider provider_;
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
};

TEST_P(ClientAssertionTest, ProvesOurClientToTheEndpointForAMinute) {
  auto token = MakeClientAssertion(provider_, kUrl, now_);
  ASSERT_TRUE(token.ok()) << token.status();
  auto verdict = Verify(*token, kUrl, now_);
  const auto* claims = std::get_if<JwtClaims>(&verdict);
  ASSERT_NE(claims, nullptr);
  EXPECT_EQ(claims->subject, "client-1");
  EXPECT_EQ(claims->expires, now_ + absl::Minutes(1));
  EXPECT_LT(claims->issued_at, now_);
}

TEST_P(ClientAssertionTest, NamesTheIssuerWhereThereIsOne) {
  provider_.issuer = "https://as.example";
  auto token = MakeClientAssertion(provider_, kUrl, now_);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_TRUE(std::holds_alternative<JwtClaims>(
      Verify(*token, "https://as.example", now_)));
  EXPECT_TRUE(std::holds_alternative<JwtProblem>(Verify(*token, kUrl, now_)));
}

TEST_P(ClientAssertionTest, IsNeverTheSameTwice) {
  EXPECT_NE(*MakeClientAssertion(provider_, kUrl, now_),
            *MakeClientAssertion(provider_, kUrl, now_));
}

TEST_P(ClientAssertionTest, NeedsAKeyAndTheTime) {
  EXPECT_EQ(
      ReasonOf(
          MakeClientAssertion(provider_, kUrl, absl::InfinitePast()).status()),
      "INTERNAL");
  provider_.client_key = nullptr;
  EXPECT_EQ(ReasonOf(MakeClientAssertion(provider_, kUrl, now_).status()),
            "PROVIDER_MISCONFIGURED");
}

INSTANTIATE_TEST_SUITE_P(Algorithms, ClientAssertionTest,
                         ::testing::Values("RS256", "ES256", "EdDSA"));

TEST(JwtSignerFromPemTest, RefusesWhatIsNoKeyToSignWith) {
  const TestSigner weak("RS256", "k", /*rsa_bits=*/1024);
  const TestSigner good("ES256", "k");
  for (const std::string& pem : {weak.PrivateKeyPem(), good.PublicKeyPem(),
                                 std::string("hunter2"), std::string()}) {
    absl::Status status = JwtSigner::FromPem(Secret::Copy(pem), "").status();
    EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
    EXPECT_THAT(std::string(status.message()),
                ::testing::Not(::testing::HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace tokenvault
