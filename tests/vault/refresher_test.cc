#include "vault/refresher.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RefresherTest : public ::testing::Test {
 protected:
  absl::StatusOr<Refresher::Fetched> Fetch(const ScopeSet& scopes) {
    return world_.refresher->Fetch(*world_.directory(), Of(connection_),
                                   world_.Row(connection_), scopes, "");
  }
  absl::StatusOr<Refresher::Fetched> Fetch() { return Fetch(ReadCalendar()); }
  const Provider& Of(const Connection& connection) {
    directory_ = world_.directory();
    return *directory_->FindProvider(connection.provider);
  }
  std::string StoredToken() {
    return world_.RefreshTokenOf(world_.Row(connection_));
  }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
  std::shared_ptr<const Directory> directory_;
};

TEST_F(RefresherTest, StoresTheNewRefreshTokenUnderTheNextGeneration) {
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "at-1");
  EXPECT_EQ(fetched->token->scopes, ReadCalendar());
  Connection row = world_.Row(connection_);
  EXPECT_EQ(row.generation, 2);
  EXPECT_EQ(row.granted_scopes, connection_.granted_scopes);
  EXPECT_THAT(row.lease_owner, IsEmpty());
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(RefresherTest, KeepsTheRefreshTokenWhenNoOtherComes) {
  world_.AnswerToken("at-1", "", ReadCalendar());
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(world_.Row(connection_).generation, 1);
  EXPECT_EQ(StoredToken(), "rt-1");
}

TEST_F(RefresherTest, DoesNotCallTheProviderWithoutALease) {
  world_.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonOf(Fetch().status()), "STORAGE_FULL");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(RefresherTest, KeepsATokenThatTheDiskDidNotTakeAndSavesItFirst) {
  world_.FailAudit();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_EQ(ReasonOf(Fetch().status()), "STORAGE_FULL");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(Fetch().status()), "STORAGE_FULL");
  }
  // The old token was not used a second time.
  EXPECT_THAT(world_.http.requests(), SizeIs(1));

  world_.store->FailCommits(absl::OkStatus());
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  ASSERT_TRUE(Fetch().ok());
  auto requests = world_.http.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_THAT(requests[1].body, HasSubstr("refresh_token=rt-2"));
  EXPECT_EQ(world_.Row(connection_).generation, 3);
  EXPECT_EQ(StoredToken(), "rt-3");
}

TEST_F(RefresherTest, KeepsATokenWhileTheDiskCannotBeRead) {
  world_.FailAudit();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_EQ(ReasonOf(Fetch().status()), "STORAGE_FULL");
  world_.store->FailCommits(absl::OkStatus());

  Connection row = world_.Row(connection_);
  world_.store->FailConnectionReads(errors::StorageFailed(10));
  EXPECT_EQ(ReasonOf(world_.refresher
                         ->Fetch(*world_.directory(), Of(connection_), row,
                                 ReadCalendar(), "")
                         .status()),
            "STORAGE_FAILED");
  world_.store->FailConnectionReads(absl::OkStatus());

  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  ASSERT_TRUE(Fetch().ok());
  EXPECT_THAT(world_.http.requests().back().body,
              HasSubstr("refresh_token=rt-2"));
}

TEST_F(RefresherTest, GivesTheLeaseBackWhenTheProviderFails) {
  world_.http.Answer(errors::ProviderUnreachable("calendar", "timeout", true));
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_UNREACHABLE");
  Connection row = world_.Row(connection_);
  EXPECT_THAT(row.lease_owner, IsEmpty());
  EXPECT_EQ(row.state, ConnectionState::kActive);
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  EXPECT_THAT(world_.Audit("refresh.failed"), SizeIs(1));
}

TEST_F(RefresherTest, MarksTheConnectionOnlyWhenTheGrantIsGone) {
  for (const char* error : {"invalid_client", "unauthorized_client",
                            "invalid_scope", "temporarily_unavailable"}) {
    world_.http.AnswerJson(400, absl::StrCat(R"({"error":")", error, "\"}"));
    EXPECT_FALSE(Fetch().ok());
    EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kActive) << error;
  }
  world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(ReasonOf(Fetch().status()), "GRANT_GONE");
  Connection row = world_.Row(connection_);
  EXPECT_EQ(row.state, ConnectionState::kNeedsReconnect);
  EXPECT_EQ(row.state_reason, "GRANT_GONE");
  EXPECT_EQ(StoredToken(), "rt-1");
}

TEST_F(RefresherTest, OpensNoTokenThatWasCopiedFromAnotherRow) {
  Connection bens = world_.Connect("acme", "ben", "calendar-bot", "calendar",
                                   ReadCalendar(), "rt-of-ben");
  Connection row = world_.Row(connection_);
  row.sealed_refresh_token = bens.sealed_refresh_token;
  world_.Put(row);
  EXPECT_EQ(ReasonOf(Fetch().status()), "STORED_SECRET_UNREADABLE");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(RefresherTest, OpensNoTokenOfAnEarlierGeneration) {
  const std::string first = world_.Row(connection_).sealed_refresh_token;
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_TRUE(Fetch().ok());
  Connection row = world_.Row(connection_);
  row.sealed_refresh_token = first;
  world_.Put(row);
  EXPECT_EQ(ReasonOf(Fetch().status()), "STORED_SECRET_UNREADABLE");
}

TEST_F(RefresherTest, DropsTheResultWhenThePersonReconnectedMeanwhile) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    Connection row = world_.Row(connection_);
    row.lease_epoch += 1;
    row.generation += 1;
    world_.Put(row);
    return TokenAnswer("at-1", "rt-2");
  });
  EXPECT_EQ(ReasonOf(Fetch().status()), "RESOURCE_DENIED");
  EXPECT_EQ(world_.Row(connection_).sealed_refresh_token,
            connection_.sealed_refresh_token);
}

TEST_F(RefresherTest, SavesThroughAChangeOfTheRow) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    Connection row = world_.Row(connection_);
    row.account_label = "renamed";
    world_.Put(row);
    return TokenAnswer("at-1", "rt-2");
  });
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(world_.Row(connection_).account_label, "renamed");
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(RefresherTest, ExchangesAWideTokenForANarrowOne) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).narrowing =
        Narrowing::kTokenExchange;
  });
  world_.AnswerToken("at-wide", "rt-2", connection_.granted_scopes);
  world_.AnswerToken("at-narrow", "", ReadCalendar());
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "at-narrow");
  EXPECT_EQ(fetched->token->scopes, ReadCalendar());
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(RefresherTest, HandsOutNoTokenThatIsWiderThanAsked) {
  world_.AnswerToken("at-1", "rt-2", connection_.granted_scopes);
  EXPECT_EQ(ReasonOf(Fetch().status()), "SCOPE_NOT_NARROWABLE");
  // The refresh token is kept all the same.
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(RefresherTest, CountsTheLifeOfATokenFromBeforeTheRequest) {
  const absl::Time before = world_.clock.Now();
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    world_.clock.Advance(absl::Seconds(9));
    return TokenAnswer("at-1", "rt-2");
  });
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->expire_time,
            before + absl::Hours(1) - absl::Minutes(1));
}

}  // namespace
}  // namespace tokenvault
