#include "vault/keep_alive.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class KeepAliveTest : public ::testing::Test {
 protected:
  KeepAliveTest() {
    ChangeProvider([](Provider& calendar) {
      calendar.refresh_inactivity = absl::Hours(24 * 90);
    });
    world_.http.SetHandler([](const FakeHttpClient::Request&) {
      return TokenAnswer("at-next", "rt-next");
    });
  }
  void ChangeProvider(const std::function<void(Provider&)>& change) {
    world_.Change([&change](Directory& next) {
      change(next.providers.at(ProviderId("calendar")));
    });
  }
  void UseIdle() { keep_alive_.UseIdle(world_.directory()); }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
  KeepAlive keep_alive_{world_.clock, *world_.store, *world_.broker};
};

TEST_F(KeepAliveTest, UsesARefreshTokenAtHalfOfItsIdleLife) {
  world_.clock.Advance(absl::Hours(24 * 45) - absl::Seconds(1));
  UseIdle();
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  world_.clock.Advance(absl::Seconds(2));
  UseIdle();
  ASSERT_THAT(world_.http.requests(), SizeIs(1));
  EXPECT_THAT(world_.http.requests()[0].body, HasSubstr("refresh_token=rt-1"));
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection_)), "rt-next");
  // It was used now, and is young again.
  world_.clock.Advance(absl::Hours(24 * 44));
  UseIdle();
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(KeepAliveTest, TriesAgainLaterWhatFailed) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(503, "text/plain", "later");
  });
  world_.clock.Advance(absl::Hours(24 * 46));
  UseIdle();
  UseIdle();
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  world_.clock.Advance(KeepAlive::kRetry);
  UseIdle();
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
}

TEST_F(KeepAliveTest, LeavesAloneWhatItWouldHarmOrNobodyWants) {
  world_.clock.Advance(absl::Hours(24 * 46));
  ChangeProvider([](Provider& calendar) {
    calendar.refresh_invalidates_access_token = true;
  });
  UseIdle();
  ChangeProvider([](Provider& calendar) {
    calendar.refresh_invalidates_access_token = false;
  });
  Connection row = world_.Row(connection_);
  row.paused = true;
  world_.Put(row);
  UseIdle();
  row = world_.Row(connection_);
  row.paused = false;
  row.access_end_time = world_.clock.Now();
  world_.Put(row);
  UseIdle();
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

// Or a token that dies of idleness would be thought of as kept.
TEST_F(KeepAliveTest, TellsThePersonWhenItCameTooLate) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  world_.clock.Advance(absl::Hours(24 * 91));
  UseIdle();
  EXPECT_EQ(world_.Row(connection_).state, ConnectionState::kNeedsReconnect);
}

}  // namespace
}  // namespace tokenvault
