#include "vault/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/errors.h"

namespace tokenvault {
namespace {

const ConnectionId kConnection("c");
const TokenKey kKey{TenantId("t"), kConnection, {"r"}, ""};

TEST(SingleFlightTest, LetsOneFlyAndTellsTheOthers) {
  SingleFlight flights;
  ASSERT_TRUE(flights.TakeOff(kConnection, nullptr));
  int told = 0;
  absl::Status heard;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(flights.TakeOff(
        kConnection, [&](const TokenKey& key, const absl::Status& status) {
          EXPECT_EQ(key, kKey);
          heard = status;
          ++told;
        }));
  }
  EXPECT_TRUE(flights.TakeOff(ConnectionId("d"), nullptr));
  flights.Land(kConnection, kKey, errors::GrantGone("p"));
  EXPECT_EQ(told, 3);
  EXPECT_TRUE(HasReason(heard, "GRANT_GONE"));
  EXPECT_TRUE(flights.TakeOff(kConnection, nullptr));
}

TEST(SingleFlightTest, HasOneFlightAtATimeAndLosesNobody) {
  constexpr int kCallers = 4;
  constexpr int kRounds = 500;
  SingleFlight flights;
  std::atomic<int> flying{0};
  std::atomic<int> most{0};
  std::atomic<int> served{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        if (!flights.TakeOff(
                kConnection,
                [&](const TokenKey&, const absl::Status&) { ++served; })) {
          continue;
        }
        most = std::max(most.load(), ++flying);
        --flying;
        ++served;
        flights.Land(kConnection, kKey, absl::OkStatus());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(served, kCallers * kRounds);
}

}  // namespace
}  // namespace tokenvault
