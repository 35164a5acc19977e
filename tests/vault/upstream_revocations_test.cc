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

// With a rotating provider, one that was asked for a token and did not answer
// may hold a pair of tokens that nobody here has seen.
class InDoubtTest : public UpstreamRevocationsTest {
 protected:
  void Leave(RefreshPhase phase, const std::string& reason) {
    Connection row = world_.Row(connection_);
    row.refresh_phase = phase;
    row.state_reason = reason;
    world_.Put(row);
  }
};

TEST_F(InDoubtTest, BelievesNoConfirmationForATokenThatMayBeReplaced) {
  Leave(RefreshPhase::kUnknown, "UNKNOWN_ROTATION");
  ProviderIs(200);
  EXPECT_EQ(Revoke(), Result::kFailed);
  EXPECT_EQ(Told(), 1);  // and yet it is told: it may not have happened
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kNone);
}

TEST_F(InDoubtTest, BelievesNoConfirmationForATokenThatWasReplaced) {
  Leave(RefreshPhase::kNone, "LOST_ROTATION");
  ProviderIs(200);
  EXPECT_EQ(Revoke(), Result::kFailed);
}

TEST_F(InDoubtTest, WaitsForARefreshThatIsUnderWay) {
  Connection row = world_.Row(connection_);
  row.refresh_phase = RefreshPhase::kMaybeSent;
  row.lease_until = world_.clock.Now() + absl::Seconds(45);
  world_.Put(row);
  ProviderIs(200);
  EXPECT_EQ(Revoke(), Result::kPending);
  EXPECT_EQ(Told(), 1);
  // Nothing came of it.
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  TellDue();
  EXPECT_EQ(UpstreamRevocations::Of(world_.Row(connection_)), Result::kFailed);
}

TEST_F(InDoubtTest, HasNoDoubtWhereTheOldTokenStays) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).rotation = Rotation::kNone;
  });
  Leave(RefreshPhase::kUnknown, "");
  ProviderIs(200);
  EXPECT_EQ(Revoke(), Result::kRevoked);
}

// Slack, Strava, GitHub: only an access token ends the grant there, and to get
// one uses the refresh token up.
class ByAccessTokenTest : public UpstreamRevocationsTest {
 protected:
  ByAccessTokenTest() {
    world_.Change([](Directory& next) {
      Provider& provider = next.providers.at(ProviderId("calendar"));
      provider.revocation_style = RevocationStyle::kTokenCall;
      provider.revocation_manual_url = "https://calendar.test/apps";
    });
  }

  void AnswerRefresh(int n) {
    world_.http.Answer(
        TokenAnswer("at-" + std::to_string(n), "rt-" + std::to_string(n + 1)));
  }
  void LoseTheAnswer() {
    world_.http.Answer(errors::ProviderUnreachable("calendar", "reset", true));
  }
  void SayGrantGone() {
    world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  }
  void TryAgain() {
    world_.clock.Advance(UpstreamRevocations::kFirstWait);
    TellDue();
  }
  Result Now() { return UpstreamRevocations::Of(world_.Row(connection_)); }
};

TEST_F(ByAccessTokenTest, TellsWithATokenThatItFetchesFirst) {
  AnswerRefresh(1);
  world_.http.Answer(FakeHttpClient::Response(200, "", ""));
  EXPECT_EQ(Revoke(), Result::kRevoked);
  ASSERT_EQ(Told(), 2);
  EXPECT_EQ(world_.http.requests()[0].url, "https://calendar.test/token");
  EXPECT_EQ(world_.http.requests()[1].url, "https://calendar.test/revoke");
  EXPECT_EQ(world_.http.requests()[1].authorization, "Bearer at-1");
  const Connection row = world_.Row(connection_);
  EXPECT_THAT(row.sealed_refresh_token, IsEmpty());
  EXPECT_EQ(row.refresh_phase, RefreshPhase::kNone);
}

TEST_F(ByAccessTokenTest, WritesThatItAsksBeforeItDoes) {
  Connection seen;
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    seen = world_.Row(connection_);
    return FakeHttpClient::Response(503, "text/plain", "");
  });
  Revoke();
  EXPECT_EQ(seen.refresh_phase, RefreshPhase::kMaybeSent);
}

TEST_F(ByAccessTokenTest, KeepsTheNextRefreshTokenBeforeTheProviderIsTold) {
  AnswerRefresh(1);
  Connection seen;
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    seen = world_.Row(connection_);
    return FakeHttpClient::Response(503, "text/plain", "");
  });
  EXPECT_EQ(Revoke(), Result::kPending);
  EXPECT_EQ(world_.RefreshTokenOf(seen), "rt-2");
  EXPECT_EQ(seen.generation, connection_.generation + 1);
  EXPECT_THAT(world_.Audit("refresh.succeeded"), SizeIs(1));

  world_.http.SetHandler(nullptr);
  AnswerRefresh(2);
  world_.http.Answer(FakeHttpClient::Response(200, "", ""));
  TryAgain();
  EXPECT_EQ(Now(), Result::kRevoked);
  EXPECT_EQ(world_.http.requests().back().authorization, "Bearer at-2");
}

TEST_F(ByAccessTokenTest, IsDoneWhenTheGrantWasGoneBefore) {
  SayGrantGone();
  EXPECT_EQ(Revoke(), Result::kRevoked);
}

TEST_F(ByAccessTokenTest, NeverTakesALostRotationForARevocation) {
  LoseTheAnswer();
  EXPECT_EQ(Revoke(), Result::kPending);
  SayGrantGone();
  TryAgain();
  EXPECT_EQ(Now(), Result::kFailed);
  auto again = world_.connections->Revoke(
      *world_.directory(), connection_.tenant, connection_.user, connection_.id,
      "", "operator", "request-2");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->manual_url, "https://calendar.test/apps");
}

TEST_F(ByAccessTokenTest, NeverTakesARefreshThatWasCutOffForARevocation) {
  // As the daemon leaves it that ends between the refresh and what follows.
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    world_.store->FailCommits(errors::StorageFull());
    return FakeHttpClient::Response(503, "text/plain", "");
  });
  auto revoked = world_.connections->Revoke(
      *world_.directory(), connection_.tenant, connection_.user, connection_.id,
      "", "operator", "request-1");
  EXPECT_FALSE(revoked.ok());
  world_.store->FailCommits(absl::OkStatus());
  world_.http.SetHandler(nullptr);
  SayGrantGone();
  TryAgain();
  EXPECT_EQ(Now(), Result::kFailed);
}

TEST_F(ByAccessTokenTest, GoesOnWhenALostRefreshHadNotHappened) {
  LoseTheAnswer();
  Revoke();
  AnswerRefresh(1);
  world_.http.Answer(FakeHttpClient::Response(200, "", ""));
  TryAgain();
  EXPECT_EQ(Now(), Result::kRevoked);
}

TEST_F(ByAccessTokenTest, HasNoDoubtAboutARefreshThatWasNeverSent) {
  world_.http.Answer(errors::ProviderUnreachable("calendar", "dns", false));
  EXPECT_EQ(Revoke(), Result::kPending);
  SayGrantGone();
  TryAgain();
  EXPECT_EQ(Now(), Result::kRevoked);
}

TEST_F(ByAccessTokenTest, AsksNothingItCannotWriteDown) {
  world_.http.Answer(errors::ProviderUnreachable("calendar", "dns", false));
  Revoke();
  world_.store->FailCommits(errors::StorageFull());
  TryAgain();
  EXPECT_EQ(Told(), 1);
}

// Two who tell at once would use the same refresh token twice.
TEST_F(ByAccessTokenTest, RefreshesOnceForTwoWhoRevoke) {
  world_.http.SetHandler([&](const FakeHttpClient::Request& request) {
    if (request.url == "https://calendar.test/token") {
      EXPECT_EQ(Revoke(), Result::kPending);
    }
    return FakeHttpClient::Response(503, "text/plain", "");
  });
  Revoke();
  EXPECT_EQ(Told(), 1);
}

}  // namespace
}  // namespace tokenvault
