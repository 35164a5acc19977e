#include "server/deadline_timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

#include "tests/support/fake_clock.h"

namespace tokenvault {
namespace {

TEST(DeadlineTimerTest, RunsWhatIsDueInOrder) {
  FakeClock clock;
  DeadlineTimer timer(clock);
  std::vector<int> ran;
  std::promise<void> last;
  timer.At(clock.Now() + absl::Seconds(2), [&] {
    ran.push_back(2);
    last.set_value();
  });
  timer.At(clock.Now() + absl::Seconds(1), [&] { ran.push_back(1); });
  clock.Advance(absl::Seconds(2));
  timer.RunDue();
  last.get_future().wait();
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(DeadlineTimerTest, LeavesWhatIsNotDue) {
  FakeClock clock;
  DeadlineTimer timer(clock);
  std::atomic<bool> ran{false};
  timer.At(clock.Now() + absl::Seconds(2), [&] { ran = true; });
  clock.Advance(absl::Seconds(1));
  timer.RunDue();
  EXPECT_FALSE(ran);
  EXPECT_EQ(timer.size(), 1);
}

TEST(DeadlineTimerTest, ForgetsWhatWasCancelled) {
  FakeClock clock;
  DeadlineTimer timer(clock);
  auto held = std::make_shared<int>(1);
  auto id = timer.At(clock.Now() + absl::Seconds(1), [held] { FAIL(); });
  timer.Cancel(id);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(timer.size(), 0);
  clock.Advance(absl::Seconds(5));
  timer.RunDue();
}

TEST(DeadlineTimerTest, WakesByItselfForAnEarlierOne) {
  DeadlineTimer timer(SystemClock());
  std::promise<void> ran;
  timer.At(absl::InfiniteFuture(), [] {});
  timer.At(SystemClock().Now() + absl::Milliseconds(5),
           [&] { ran.set_value(); });
  EXPECT_EQ(ran.get_future().wait_for(std::chrono::seconds(10)),
            std::future_status::ready);
}

TEST(DeadlineTimerTest, DropsTheRestWhenItGoes) {
  FakeClock clock;
  auto held = std::make_shared<int>(1);
  {
    DeadlineTimer timer(clock);
    timer.At(clock.Now() + absl::Seconds(1), [held] { FAIL(); });
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace tokenvault
