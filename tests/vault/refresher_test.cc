#include "vault/refresher.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
                                   world_.Row(connection_), {scopes, "", {}});
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

// Salesforce moves an organization, and says so in the next answer.
TEST_F(RefresherTest, RemembersWhatAnAnswerSaysOfTheAccount) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).capture = {"instance_url"};
  });
  Connection row = world_.Row(connection_);
  row.endpoint_hints = {{"instance_url", "https://old.example"},
                        {"realm", "7"}};
  world_.Put(row);
  world_.http.AnswerJson(200, R"({"access_token":"at-1","token_type":"Bearer",
      "expires_in":3600,"instance_url":"https://new.example"})");
  auto fetched = Fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  const std::map<std::string, std::string> hints = {
      {"instance_url", "https://new.example"}, {"realm", "7"}};
  EXPECT_EQ(fetched->token->endpoint_hints, hints);
  EXPECT_EQ(world_.Row(connection_).endpoint_hints, hints);
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
                                 {ReadCalendar(), "", {}})
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
    world_.clock.Advance(ProviderBreaker::kProbe);
  }
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_TRUE(Fetch().ok());
  world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(ReasonOf(Fetch().status()), "GRANT_GONE");
  Connection row = world_.Row(connection_);
  EXPECT_EQ(row.state, ConnectionState::kNeedsReconnect);
  EXPECT_EQ(row.state_reason, "GRANT_GONE");
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(RefresherTest, AsksNobodyWhileTheClientIsRefused) {
  world_.http.AnswerJson(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_MISCONFIGURED");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  // A probe now and then; and at once when the configuration changes.
  world_.clock.Advance(ProviderBreaker::kProbe);
  world_.http.AnswerJson(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_MISCONFIGURED");
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
  world_.Change([](Directory& next) { next.generation = "mended"; });
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(RefresherTest, WaitsAsLongAsTheProviderAsks) {
  HttpResponse busy = FakeHttpClient::Response(429, "text/plain", "");
  busy.headers.emplace_back("Retry-After", "30");
  world_.http.Answer(std::move(busy));
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_RATE_LIMITED");
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_RATE_LIMITED");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  world_.clock.Advance(absl::Seconds(30));
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(RefresherTest, SavesTheRefreshTokenOfAnAnswerThatIsNoUseOtherwise) {
  world_.http.AnswerJson(
      200, R"({"refresh_token":"rt-2","access_token":"x","token_type":"mac"})");
  EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_ANSWER_INVALID");
  EXPECT_EQ(StoredToken(), "rt-2");
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kNone);
}

TEST_F(RefresherTest, KeepsWhatCameForARevokedConnectionToBeRevoked) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    Connection row = world_.Row(connection_);
    row.state = ConnectionState::kRevoked;
    row.state_reason.clear();
    row.sealed_refresh_token.clear();
    row.lease_epoch += 1;
    world_.Put(row);
    return TokenAnswer("at-1", "rt-2");
  });
  EXPECT_EQ(ReasonOf(Fetch().status()), "RESOURCE_DENIED");
  EXPECT_EQ(StoredToken(), "rt-2");
  EXPECT_EQ(UpstreamRevocations::Of(world_.Row(connection_)),
            UpstreamRevocations::Result::kPending);
  // Down at first: it is told again.
  for (int status : {503, 200}) {
    world_.http.SetHandler([status](const FakeHttpClient::Request&) {
      return FakeHttpClient::Response(status, "text/plain", "");
    });
    world_.upstream->TellDue(*world_.directory());
    world_.clock.Advance(UpstreamRevocations::kFirstWait);
  }
  EXPECT_THAT(world_.http.requests().back().body, HasSubstr("token=rt-2"));
  EXPECT_EQ(UpstreamRevocations::Of(world_.Row(connection_)),
            UpstreamRevocations::Result::kRevoked);
}

// What the provider did is not known.
class DoubtTest : public RefresherTest,
                  public ::testing::WithParamInterface<const char*> {
 protected:
  void LoseTheAnswer() {
    const std::string how = GetParam();
    if (how == "Reset") {
      world_.http.Answer(
          errors::ProviderUnreachable("calendar", "reset", true));
    } else if (how == "ServerError") {
      world_.http.Answer(FakeHttpClient::Response(500, "text/plain", ""));
    } else {
      world_.http.Answer(FakeHttpClient::Response(200, "text/html", "<p>"));
    }
    EXPECT_FALSE(Fetch().ok());
  }
};

TEST_P(DoubtTest, TriesTheSameTokenAgainAndGoesOnWhenItWorks) {
  LoseTheAnswer();
  Connection row = world_.Row(connection_);
  EXPECT_EQ(row.state, ConnectionState::kActive);
  EXPECT_EQ(row.refresh_phase, RefreshPhase::kUnknown);
  EXPECT_EQ(row.state_reason, "UNKNOWN_ROTATION");
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_TRUE(Fetch().ok());
  EXPECT_THAT(world_.http.requests().back().body,
              HasSubstr("refresh_token=rt-1"));
  row = world_.Row(connection_);
  EXPECT_EQ(row.refresh_phase, RefreshPhase::kNone);
  EXPECT_EQ(row.state_reason, "");
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_P(DoubtTest, SaysThatTheRotationWasLostWhenItWas) {
  LoseTheAnswer();
  world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(ReasonOf(Fetch().status()), "GRANT_GONE");
  Connection row = world_.Row(connection_);
  EXPECT_EQ(row.state, ConnectionState::kNeedsReconnect);
  EXPECT_EQ(row.state_reason, "LOST_ROTATION");
}

TEST_P(DoubtTest, KeepsTheDoubtThroughARefusalThatSettlesNothing) {
  LoseTheAnswer();
  world_.http.Answer(errors::ProviderUnreachable("calendar", "dns", false));
  EXPECT_FALSE(Fetch().ok());
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kUnknown);
  EXPECT_EQ(world_.Row(connection_).state_reason, "UNKNOWN_ROTATION");
}

TEST_P(DoubtTest, UsesUpWhatIsHeldBeforeItRisksAReplay) {
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  auto held = Fetch();
  ASSERT_TRUE(held.ok());
  TokenKey key{connection_.tenant, connection_.id, ReadCalendar(), ""};
  world_.cache->Put(key, held->token, world_.cache->ValidityOf(connection_.id),
                    world_.clock.Now());
  LoseTheAnswer();
  const size_t asked = world_.http.requests().size();
  absl::Status waits = Fetch().status();
  EXPECT_EQ(ReasonOf(waits), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(RetryDelayOf(waits), held->token->expire_time - world_.clock.Now());
  EXPECT_THAT(world_.http.requests(), SizeIs(asked));
  world_.clock.Advance(absl::Hours(1));
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  EXPECT_TRUE(Fetch().ok());
}

TEST_P(DoubtTest, HasNoneWhereTheOldTokenStillHolds) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).rotation = Rotation::kNewOldValid;
  });
  LoseTheAnswer();
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kNone);
  EXPECT_EQ(world_.Row(connection_).state_reason, "");
}

INSTANTIATE_TEST_SUITE_P(, DoubtTest,
                         ::testing::Values("Reset", "ServerError", "Html"),
                         [](const auto& how) {
                           return std::string(how.param);
                         });

// A daemon that ends in the middle of a refresh, and its next life.
class RecoveryTest : public RefresherTest {
 protected:
  std::unique_ptr<Refresher> NextLife() {
    auto landing = LandingFile::Open(world_.folder.File("vault.db.landing"));
    EXPECT_TRUE(landing.ok()) << landing.status();
    return std::make_unique<Refresher>(world_.clock, *world_.store,
                                       *world_.keys, *world_.providers,
                                       *world_.cache, *std::move(landing));
  }
  absl::StatusOr<Refresher::Fetched> FetchWith(Refresher& refresher) {
    return refresher.Fetch(*world_.directory(), Of(connection_),
                           world_.Row(connection_), {ReadCalendar(), "", {}});
  }
};

TEST_F(RecoveryTest, CommitsAnAnswerThatLandedInAnEarlierLife) {
  auto first = NextLife();
  world_.FailAudit();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_EQ(ReasonOf(FetchWith(*first).status()), "STORAGE_FULL");
  first.reset();
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kMaybeSent);

  auto second = NextLife();
  ASSERT_EQ(second->Recover(*world_.directory()), absl::OkStatus());
  Connection row = world_.Row(connection_);
  EXPECT_EQ(row.refresh_phase, RefreshPhase::kNone);
  EXPECT_EQ(row.generation, 2);
  EXPECT_EQ(StoredToken(), "rt-2");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(RecoveryTest, SendsNothingWhileWhatLandedCannotBeCommitted) {
  auto refresher = NextLife();
  world_.store->FailCommits(
      errors::RateLimited("pending_writes", absl::Seconds(1)),
      [](const WriteBatch& batch) { return batch.ops().size() > 1; });
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_EQ(ReasonOf(FetchWith(*refresher).status()), "RATE_LIMITED");
  EXPECT_EQ(ReasonOf(FetchWith(*refresher).status()), "RATE_LIMITED");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  world_.store->FailCommits(absl::OkStatus());
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  ASSERT_TRUE(FetchWith(*refresher).ok());
  EXPECT_THAT(world_.http.requests().back().body,
              HasSubstr("refresh_token=rt-2"));
}

TEST_F(RecoveryTest, DoubtsARefreshOfWhichNothingLanded) {
  Connection row = world_.Row(connection_);
  row.lease_epoch += 1;
  row.refresh_phase = RefreshPhase::kMaybeSent;
  row.landing_slot = 5;
  world_.Put(row);
  auto next = NextLife();
  ASSERT_EQ(next->Recover(*world_.directory()), absl::OkStatus());
  row = world_.Row(connection_);
  EXPECT_EQ(row.refresh_phase, RefreshPhase::kUnknown);
  EXPECT_EQ(row.state_reason, "UNKNOWN_ROTATION");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_TRUE(FetchWith(*next).ok());
}

TEST_F(RecoveryTest, TakesNoAnswerOfAnotherLease) {
  auto first = NextLife();
  world_.FailAudit();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_FALSE(FetchWith(*first).ok());
  first.reset();
  world_.store->FailCommits(absl::OkStatus());
  Connection row = world_.Row(connection_);
  row.lease_epoch += 1;
  world_.Put(row);
  auto second = NextLife();
  ASSERT_EQ(second->Recover(*world_.directory()), absl::OkStatus());
  EXPECT_EQ(StoredToken(), "rt-1");
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kUnknown);
}

TEST_F(RecoveryTest, LeavesTheConnectionsOfAProviderThatIsSwitchedOff) {
  Connection row = world_.Row(connection_);
  row.refresh_phase = RefreshPhase::kMaybeSent;
  world_.Put(row);
  world_.Change(
      [](Directory& next) { next.providers.erase(ProviderId("calendar")); });
  ASSERT_EQ(NextLife()->Recover(*world_.directory()), absl::OkStatus());
  EXPECT_EQ(world_.Row(connection_).refresh_phase, RefreshPhase::kMaybeSent);
}

// Many connections of one provider.
class StormTest : public RefresherTest {
 protected:
  static constexpr int kPeople = 100;

  StormTest() {
    for (int i = 0; i < kPeople; ++i) {
      connections_.push_back(
          world_.Connect("acme", absl::StrCat("person-", i), "calendar-bot",
                         "calendar", ReadCalendar(), absl::StrCat("rt-", i)));
    }
  }
  absl::Status FetchOf(const Connection& connection) {
    return world_.refresher
        ->Fetch(*world_.directory(), Of(connection), world_.Row(connection),
                {ReadCalendar(), "", {}})
        .status();
  }
  int Marked() {
    return static_cast<int>(std::count_if(
        connections_.begin(), connections_.end(),
        [&](const Connection& connection) {
          return world_.Row(connection).state != ConnectionState::kActive;
        }));
  }

  std::vector<Connection> connections_;
};

TEST_F(StormTest, GivesNoConnectionUpWhenAProviderCallsAllGrantsInvalid) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  int sent_to_reconnect = 0;
  for (const Connection& connection : connections_) {
    const std::string reason = ReasonOf(FetchOf(connection));
    if (reason == "GRANT_GONE") {
      ++sent_to_reconnect;
    } else {
      EXPECT_EQ(reason, "PROVIDER_MISCONFIGURED");
    }
    EXPECT_LE(Marked(), static_cast<int>(ProviderBreaker::kMostLost));
  }
  EXPECT_EQ(Marked(), 0);
  EXPECT_EQ(sent_to_reconnect, ProviderBreaker::kMostLost);
  // Probes ask nobody to reconnect either.
  world_.clock.Advance(ProviderBreaker::kProbe);
  EXPECT_EQ(ReasonOf(FetchOf(connections_[50])), "PROVIDER_MISCONFIGURED");
  EXPECT_LE(world_.http.requests().size(), ProviderBreaker::kMostLost + 2);

  // It heals: all of them work.
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return TokenAnswer("at-1", "rt-next");
  });
  world_.clock.Advance(ProviderBreaker::kProbe);
  for (const Connection& connection : connections_) {
    EXPECT_EQ(FetchOf(connection), absl::OkStatus());
  }
}

// A few people, whose tokens end one an hour.
TEST_F(StormTest, NoticesAStormThatIsSlow) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  for (size_t i = 0; i <= ProviderBreaker::kMostLost; ++i) {
    EXPECT_FALSE(FetchOf(connections_[i]).ok());
    world_.clock.Advance(absl::Hours(1));
  }
  EXPECT_EQ(Marked(), 0);
}

TEST_F(StormTest, BelievesSlowLossesBetweenWhichSomethingWorks) {
  int asked = 0;
  world_.http.SetHandler([&asked](const FakeHttpClient::Request&) {
    return ++asked % 2 == 0
               ? FakeHttpClient::Response(400, "application/json",
                                          R"({"error":"invalid_grant"})")
               : TokenAnswer("at-1", "rt-next");
  });
  for (const Connection& connection : connections_) {
    FetchOf(connection).IgnoreError();
    world_.clock.Advance(absl::Hours(1));
  }
  EXPECT_EQ(Marked(), kPeople / 2);
}

TEST_F(StormTest, GivesNoneUpThoughAllOfThemWorkedJustBefore) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return TokenAnswer("at-1", "rt-next");
  });
  for (const Connection& connection : connections_) {
    ASSERT_EQ(FetchOf(connection), absl::OkStatus());
  }
  world_.clock.Advance(absl::Seconds(1));
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  for (const Connection& connection : connections_) {
    EXPECT_FALSE(FetchOf(connection).ok());
  }
  EXPECT_EQ(Marked(), 0);
}

// An outage took the answers to many refreshes: that the provider then ends
// those grants is as it should be.
TEST_F(StormTest, BelievesThatRotationsWereLostWhichItCouldNotHear) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(500, "text/plain", "oops");
  });
  for (const Connection& connection : connections_) {
    EXPECT_FALSE(FetchOf(connection).ok());
  }
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  for (const Connection& connection : connections_) {
    EXPECT_EQ(ReasonOf(FetchOf(connection)), "GRANT_GONE");
    EXPECT_EQ(world_.Row(connection).state_reason, "LOST_ROTATION");
  }
  EXPECT_EQ(Marked(), kPeople);
}

TEST_F(StormTest, BelievesThatSomeAreGoneWhileOthersWork) {
  int asked = 0;
  world_.http.SetHandler([&asked](const FakeHttpClient::Request&) {
    return ++asked % 3 == 0
               ? FakeHttpClient::Response(400, "application/json",
                                          R"({"error":"invalid_grant"})")
               : TokenAnswer("at-1", "rt-next");
  });
  for (const Connection& connection : connections_) {
    FetchOf(connection).IgnoreError();
  }
  EXPECT_EQ(Marked(), kPeople / 3);
}

TEST_F(RefresherTest, OpensNoTokenThatWasCopiedFromAnotherRow) {
  Connection bens = world_.Connect("acme", "ben", "calendar-bot", "calendar",
                                   ReadCalendar(), "rt-of-ben");
  world_.PutSealed(connection_, bens.sealed_refresh_token);
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

TEST_F(RefresherTest, BelievesNothingAboutAGrantThatWasReplacedMeanwhile) {
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    Connection row = world_.Row(connection_);
    row.lease_epoch += 1;
    row.generation += 1;
    world_.Put(row);
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  EXPECT_EQ(ReasonOf(Fetch().status()), "RESOURCE_DENIED");
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kActive);
  EXPECT_THAT(world_.Audit("refresh.grant_gone"), IsEmpty());
}

TEST_F(RefresherTest, LeavesAProviderAloneThatFailsAgainAndAgain) {
  for (int i = 0; i < 5; ++i) {
    world_.http.Answer(errors::ProviderUnreachable("calendar", "dns", false));
    EXPECT_EQ(ReasonOf(Fetch().status()), "PROVIDER_UNREACHABLE");
  }
  absl::Status paused = Fetch().status();
  EXPECT_EQ(ReasonOf(paused), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(MetadataOf(paused, "maybe_sent"), "false");
  EXPECT_EQ(RetryDelayOf(paused), absl::Seconds(1));
  EXPECT_THAT(world_.http.requests(), SizeIs(5));
  world_.clock.Advance(absl::Seconds(1));
  world_.http.Answer(errors::ProviderUnreachable("calendar", "dns", false));
  EXPECT_FALSE(Fetch().ok());
  EXPECT_EQ(RetryDelayOf(Fetch().status()), absl::Seconds(2));
  world_.clock.Advance(absl::Seconds(2));
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_TRUE(Fetch().ok());
}

TEST_F(RefresherTest, WaitsAWhileWhenTheProviderDoesNotSayHowLong) {
  world_.http.Answer(FakeHttpClient::Response(429, "text/plain", ""));
  absl::Status busy = Fetch().status();
  EXPECT_EQ(ReasonOf(busy), "PROVIDER_RATE_LIMITED");
  EXPECT_EQ(RetryDelayOf(Fetch().status()), RetryDelayOf(busy));
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(RefresherTest, KnowsWhatIsNoLongerGranted) {
  const ScopeSet both = ReadCalendar().Union(WriteCalendar());
  ASSERT_EQ(world_.Row(connection_).granted_scopes, both);
  // Asked for both, and the person took one back at the provider.
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  Fetch(both).IgnoreError();
  EXPECT_EQ(world_.Row(connection_).granted_scopes, ReadCalendar());
  EXPECT_THAT(world_.Audit("refresh.succeeded").at(0).leaf,
              HasSubstr("fewer scopes"));
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

// GitHub: a refresh would end the tokens that other agents work with.
class WideTokenTest : public RefresherTest {
 protected:
  WideTokenTest() {
    world_.Change([](Directory& next) {
      Provider& calendar = next.providers.at(ProviderId("calendar"));
      calendar.narrowing = Narrowing::kTokenExchange;
      calendar.refresh_invalidates_access_token = true;
    });
    world_.AnswerToken("at-wide", "rt-2", connection_.granted_scopes);
    world_.AnswerToken("at-read", "", ReadCalendar());
    EXPECT_TRUE(Fetch().ok());
  }
};

TEST_F(WideTokenTest, MakesAnotherNarrowOneWithoutARefresh) {
  world_.AnswerToken("at-write", "", WriteCalendar());
  auto fetched = Fetch(WriteCalendar());
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "at-write");
  EXPECT_THAT(world_.http.requests().back().body,
              HasSubstr("subject_token=at-wide"));
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(WideTokenTest, MakesNoneOfOneThatWasItselfMade) {
  const ScopeSet all = connection_.granted_scopes;
  world_.AnswerToken("at-all", "", all);
  auto fetched = Fetch(all);
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->value.Reveal(), "at-all");
  // As the broker does with what it hands out.
  world_.cache->Put({connection_.tenant, connection_.id, all, ""},
                    fetched->token, world_.cache->ValidityOf(connection_.id),
                    world_.clock.Now());
  world_.AnswerToken("at-write", "", WriteCalendar());
  ASSERT_TRUE(Fetch(WriteCalendar()).ok());
  EXPECT_THAT(world_.http.requests().back().body,
              HasSubstr("subject_token=at-wide"));
}

TEST_F(WideTokenTest, CountsOnNoneForLongerThanTheOneItWasMadeOf) {
  world_.clock.Advance(absl::Minutes(30));
  world_.AnswerToken("at-write", "", WriteCalendar(), 3600);
  auto fetched = Fetch(WriteCalendar());
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(fetched->token->expire_time - world_.clock.Now(),
            absl::Minutes(29));
}

TEST_F(WideTokenTest, RefreshesOnceWhenTheProviderKnowsTheWideOneNoMore) {
  world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  world_.AnswerToken("at-wide-2", "rt-3", connection_.granted_scopes);
  world_.AnswerToken("at-write", "", WriteCalendar());
  auto fetched = Fetch(WriteCalendar());
  ASSERT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_EQ(StoredToken(), "rt-3");
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kActive);
}

TEST_F(WideTokenTest, RefreshesNothingBecauseTheExchangeIsDown) {
  world_.http.Answer(FakeHttpClient::Response(502, "text/plain", ""));
  EXPECT_EQ(ReasonOf(Fetch(WriteCalendar()).status()), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(StoredToken(), "rt-2");
}

TEST_F(RefresherTest, EndsNoTokensInUse) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).refresh_invalidates_access_token =
        true;
  });
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  auto held = Fetch();
  ASSERT_TRUE(held.ok()) << held.status();
  world_.cache->Put({connection_.tenant, connection_.id, ReadCalendar(), ""},
                    held->token, world_.cache->ValidityOf(connection_.id),
                    world_.clock.Now());
  absl::Status waits = Fetch(WriteCalendar()).status();
  EXPECT_EQ(ReasonOf(waits), "RATE_LIMITED");
  EXPECT_EQ(MetadataOf(waits, "limit"), "tokens_in_use");
  EXPECT_EQ(RetryDelayOf(waits), absl::Minutes(58));
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  // Its turn comes when the other ends, or when an API refused that one.
  world_.cache->Reject(held->token->token_id);
  world_.AnswerToken("at-2", "rt-3", WriteCalendar());
  EXPECT_TRUE(Fetch(WriteCalendar()).ok());
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
