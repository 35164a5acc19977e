#include "vault/upstream_revocations.h"

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Result = UpstreamRevocations::Result;

class UpstreamRevocationsTest : public ::testing::Test {
 protected:
  // Ends the connection here, and tells the provider.
  Result Revoke() {
    auto revoked = world_.connections->Revoke(
        *world_.directory(), connection_.tenant, connection_.user,
        connection_.id, "", "operator", "request-1");
    EXPECT_TRUE(revoked.ok()) << revoked.status();
    return revoked.ok() ? revoked->upstream : Result::kFailed;
  }
  void ProviderIs(int status, const std::string& body = "") {
    world_.http.SetHandler([status, body](const FakeHttpClient::Request&) {
      return FakeHttpClient::Response(status, "application/json", body);
    });
  }
  void TellDue() { world_.upstream->TellDue(*world_.directory()); }
  size_t Told() { return world_.http.requests().size(); }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
};

TEST_F(UpstreamRevocationsTest, KeepsTheTokenUntilTheProviderConfirmed) {
  ProviderIs(503);
  EXPECT_EQ(Revoke(), Result::kPending);
  Connection row = world_.Row(connection_);
  EXPECT_THAT(row.sealed_refresh_token, Not(IsEmpty()));
  EXPECT_EQ(row.state_reason, "UPSTREAM_PENDING");
  EXPECT_EQ(UpstreamRevocations::Of(row), Result::kPending);

  ProviderIs(200);
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  TellDue();
  row = world_.Row(connection_);
  EXPECT_THAT(row.sealed_refresh_token, IsEmpty());
  EXPECT_EQ(row.state_reason, "");
  EXPECT_EQ(UpstreamRevocations::Of(row), Result::kRevoked);
  EXPECT_THAT(world_.http.requests().back().body, HasSubstr("token=rt-1"));
}

TEST_F(UpstreamRevocationsTest, WaitsLongerEachTime) {
  ProviderIs(503);
  Revoke();
  absl::Duration wait = UpstreamRevocations::kFirstWait;
  for (size_t told = 1; told < 20; ++told) {
    world_.clock.Advance(wait - absl::Nanoseconds(1));
    TellDue();
    ASSERT_EQ(Told(), told);
    world_.clock.Advance(absl::Nanoseconds(1));
    TellDue();
    ASSERT_EQ(Told(), told + 1);
    wait = std::min(2 * wait, UpstreamRevocations::kLongestWait);
  }
  // Said once, and not every time.
  EXPECT_THAT(world_.Audit("connection.revoked_upstream"), SizeIs(1));
}

TEST_F(UpstreamRevocationsTest, TakesUpWhatAnEarlierLifeLeftBehind) {
  ProviderIs(503);
  Revoke();
  ProviderIs(200);
  UpstreamRevocations next(world_.clock, *world_.store, *world_.keys,
                           *world_.providers);
  next.TellDue(*world_.directory());
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
}

TEST_F(UpstreamRevocationsTest, TellsAProviderThatSaidNoNothingMore) {
  ProviderIs(400, R"({"error":"unsupported_token_type"})");
  EXPECT_EQ(Revoke(), Result::kFailed);
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
  world_.clock.Advance(absl::Hours(24));
  TellDue();
  EXPECT_EQ(Told(), 1);
}

// A wrong client secret is ours to mend, and then it goes on.
TEST_F(UpstreamRevocationsTest, GoesOnOnceTheClientIsTakenAgain) {
  ProviderIs(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(Revoke(), Result::kPending);
  ProviderIs(200);
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  TellDue();
  EXPECT_EQ(UpstreamRevocations::Of(world_.Row(connection_)), Result::kRevoked);
}

// With many providers, an old token ends the new grant too.
TEST_F(UpstreamRevocationsTest, LeavesAnAccountAloneThatIsConnectedAgain) {
  ProviderIs(503);
  Revoke();
  Connection again = world_.ConnectCalendar();
  ASSERT_EQ(again.account_id, connection_.account_id);
  ProviderIs(200);
  const size_t told = Told();
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  TellDue();
  EXPECT_EQ(Told(), told);
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
  EXPECT_EQ(UpstreamRevocations::Of(world_.Row(connection_)), Result::kFailed);
}

TEST_F(UpstreamRevocationsTest, EndsOneOfSeveralGrantsOfAnAccount) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).several_grants = true;
  });
  world_.ConnectCalendar();
  ProviderIs(200);
  EXPECT_EQ(Revoke(), Result::kRevoked);
}

TEST_F(UpstreamRevocationsTest, StaysPendingWhenTheDiskRefusesTheResult) {
  ProviderIs(503);
  Revoke();
  ProviderIs(200);
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  world_.store->FailCommits(errors::StorageFull());
  TellDue();
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, Not(IsEmpty()));
  world_.store->FailCommits(absl::OkStatus());
  TellDue();
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
}

}  // namespace
}  // namespace tokenvault
