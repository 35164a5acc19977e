#include "vault/upkeep.h"

#include <chrono>
#include <future>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seen_log.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class UpkeepTest : public ::testing::Test {
 protected:
  // Whether a token that is good for an hour is still known.
  bool IsHeld() {
    return world_.cache->Find(key_, world_.clock.Now()) != nullptr;
  }
  void Hold() {
    auto token = std::make_shared<AccessToken>();
    token->token_id = "t-1";
    token->expire_time = world_.clock.Now() + absl::Hours(1);
    world_.cache->Put(key_, token, world_.cache->ValidityOf(connection_.id),
                      world_.clock.Now());
  }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
  TokenKey key_{connection_.tenant, connection_.id, {"calendar.read"}, ""};
  KeepAlive keep_alive_{world_.clock, *world_.store, *world_.broker};
  SeenLog seen_{world_.clock, *world_.store,      *world_.keys,
                world_.http,  *world_.operations, {}};
  std::unique_ptr<Upkeep> upkeep_ = std::make_unique<Upkeep>(
      world_.clock, *world_.holder, *world_.seal, *world_.cache,
      *world_.refresher, *world_.upstream, keep_alive_, *world_.broker,
      *world_.pool,
      Upkeep::LogWork{seen_.checkpoints, seen_.witnesses, seen_.archiver});
};

TEST_F(UpkeepTest, KeepsTokensWhileTimePasses) {
  Hold();
  for (int i = 0; i < 10; ++i) {
    world_.clock.Advance(absl::Minutes(5));
    upkeep_->RunOnce();
    EXPECT_TRUE(IsHeld());
  }
}

// Otherwise they would be handed out for as long as the clock went back.
TEST_F(UpkeepTest, ForgetsTokensWhenTheClockIsSetBack) {
  Hold();
  Validity validity = world_.cache->ValidityOf(connection_.id);
  world_.clock.Set(world_.clock.Now() - absl::Hours(2));
  upkeep_->RunOnce();
  EXPECT_FALSE(IsHeld());
  EXPECT_FALSE(validity->load());
  Hold();
  upkeep_->RunOnce();
  EXPECT_TRUE(IsHeld());
}

TEST_F(UpkeepTest, ForgetsTokensWhenTheClockIsSetForward) {
  Hold();
  world_.clock.Set(world_.clock.Now() + absl::Minutes(1));
  upkeep_->RunOnce();
  EXPECT_FALSE(IsHeld());
}

TEST_F(UpkeepTest, OverlooksWhatTimeServersMend) {
  Hold();
  world_.clock.Set(world_.clock.Now() - absl::Seconds(4));
  upkeep_->RunOnce();
  EXPECT_TRUE(IsHeld());
}

TEST_F(UpkeepTest, TellsProvidersOfRevocationsTheyMissed) {
  world_.http.AnswerJson(503, "");
  ASSERT_TRUE(world_.connections
                  ->Revoke(*world_.directory(), connection_.tenant,
                           connection_.user, connection_.id, "", "operator", "")
                  .ok());
  world_.http.AnswerJson(200, "");
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  upkeep_->RunOnce();
  world_.Finish();
  EXPECT_THAT(world_.Row(connection_).sealed_refresh_token, IsEmpty());
}

TEST_F(UpkeepTest, EndsNoSoonerThanWhatItHasOnThePool) {
  world_.http.AnswerJson(503, "");
  ASSERT_TRUE(world_.connections
                  ->Revoke(*world_.directory(), connection_.tenant,
                           connection_.user, connection_.id, "", "operator", "")
                  .ok());
  std::promise<void> asked;
  std::promise<void> answer;
  world_.http.SetHandler([&](const FakeHttpClient::Request&) {
    asked.set_value();
    answer.get_future().wait();
    return TokenAnswer("", "");
  });
  world_.clock.Advance(UpstreamRevocations::kFirstWait);
  upkeep_->RunOnce();
  asked.get_future().wait();
  std::future<void> ended =
      std::async(std::launch::async, [&] { upkeep_.reset(); });
  EXPECT_EQ(ended.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);
  answer.set_value();
  ended.wait();
}

TEST_F(UpkeepTest, CommitsWhatLandedWhileTheDiskTookNothing) {
  world_.FailAudit();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  EXPECT_FALSE(world_.Get(world_.Request()).ok());
  EXPECT_EQ(world_.Row(connection_).generation, 1);
  world_.store->FailCommits(absl::OkStatus());
  upkeep_->RunOnce();
  world_.Finish();
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection_)), "rt-2");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

}  // namespace
}  // namespace tokenvault
