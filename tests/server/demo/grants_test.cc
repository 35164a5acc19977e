#include "server/demo/grants.h"

#include <string>
#include <variant>

#include "gtest/gtest.h"
#include "oauth/pkce.h"
#include "server/demo/provider.h"

namespace tokenvault {
namespace {

constexpr char kCallback[] = "http://127.0.0.1:9/cb";

TEST(DemoGrantsTest, IsBounded) {
  DemoLedger ledger;
  DemoGrants grants(DemoPersonas().front(), absl::Minutes(10), ledger);
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  DemoGrant grant;
  grant.client = kDemoClient;
  grant.person = "ana";
  grant.scopes = {"offline_access"};
  grant.offline = true;
  const std::string verifier(43, 'v');
  for (int i = 0; i < 5000; ++i) {
    const std::string code =
        grants.NewCode(grant, kCallback, PkceChallenge(verifier), now);
    ASSERT_TRUE(std::holds_alternative<DemoTokens>(
        grants.RedeemCode({kDemoClient, code, kCallback, verifier, ""}, now)));
  }
  EXPECT_EQ(grants.size(), 4u * 4096);
}

}  // namespace
}  // namespace tokenvault
