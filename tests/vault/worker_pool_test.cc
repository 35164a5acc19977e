#include "vault/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace tokenvault {
namespace {

TEST(WorkerPoolTest, RunsEveryJobItTookBeforeItStops) {
  std::atomic<int> ran{0};
  int taken = 0;
  {
    WorkerPool pool(2, 1000);
    for (int i = 0; i < 500; ++i) taken += pool.Submit([&] { ++ran; });
  }
  EXPECT_EQ(taken, 500);
  EXPECT_EQ(ran, 500);
}

TEST(WorkerPoolTest, RefusesWhatDoesNotFitItsQueue) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> busy;
  WorkerPool pool(1, 1);
  ASSERT_TRUE(pool.Submit([&] {
    busy.set_value();
    released.wait();
  }));
  busy.get_future().wait();
  EXPECT_TRUE(pool.Submit([] {}));
  EXPECT_FALSE(pool.Submit([] {}));
  release.set_value();
}

}  // namespace
}  // namespace tokenvault
