#include "oauth/pkce.h"

#include <gtest/gtest.h>

#include <string>

namespace tokenvault {
namespace {

// RFC 7636 appendix B.
constexpr unsigned char kEntropy[] = {116, 24,  223, 180, 151, 153, 224, 37,
                                      79,  250, 96,  125, 216, 173, 187, 186,
                                      22,  212, 37,  77,  105, 214, 191, 240,
                                      91,  88,  5,   88,  83,  132, 141, 121};

TEST(PkceTest, MatchesTheExampleOfTheRfc) {
  Pkce pkce = NewPkce(
      std::string(reinterpret_cast<const char*>(kEntropy), sizeof kEntropy));
  EXPECT_EQ(pkce.verifier.Reveal(),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  EXPECT_EQ(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(PkceTest, ChallengesTheVerifier) {
  Pkce pkce = NewPkce(std::string(32, 'x'));
  EXPECT_EQ(pkce.challenge, PkceChallenge(pkce.verifier.Reveal()));
  EXPECT_EQ(pkce.verifier.size(), 43);
}

}  // namespace
}  // namespace tokenvault
