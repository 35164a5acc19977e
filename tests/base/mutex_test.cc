#include "base/mutex.h"

#include <gtest/gtest.h>

#include <deque>
#include <thread>
#include <vector>

namespace tokenvault {
namespace {

struct Counter {
  Mutex mutex;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(MutexTest, LetsOneThreadInAtATime) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int n = 0; n < 5000; ++n) {
        MutexLock lock(counter.mutex);
        ++counter.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, 4 * 5000);
}

struct Mailbox {
  Mutex mutex;
  CondVar arrived;
  std::deque<int> letters ABSL_GUARDED_BY(mutex);
};

TEST(CondVarTest, WakesAWaiterForEachLetter) {
  Mailbox box;
  std::thread writer([&box] {
    for (int i = 1; i <= 1000; ++i) {
      MutexLock lock(box.mutex);
      box.letters.push_back(i);
      box.arrived.NotifyOne();
    }
  });
  int sum = 0;
  for (int i = 0; i < 1000; ++i) {
    MutexLock lock(box.mutex);
    while (box.letters.empty()) box.arrived.Wait(box.mutex);
    sum += box.letters.front();
    box.letters.pop_front();
  }
  writer.join();
  EXPECT_EQ(sum, 1000 * 1001 / 2);
}

TEST(CondVarTest, WakesEverybodyAtOnce) {
  Mailbox box;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&box] {
      MutexLock lock(box.mutex);
      while (box.letters.empty()) box.arrived.Wait(box.mutex);
    });
  }
  {
    MutexLock lock(box.mutex);
    box.letters.push_back(1);
    box.arrived.NotifyAll();
  }
  for (std::thread& reader : readers) reader.join();
  SUCCEED() << "every reader returned";
}

TEST(CondVarTest, GivesUpWhenPatienceRunsOut) {
  Mailbox box;
  MutexLock lock(box.mutex);
  // A spurious wake-up may come first; then the next wait runs out.
  while (box.arrived.WaitFor(box.mutex, absl::Milliseconds(1))) {
  }
  EXPECT_TRUE(box.letters.empty());
}

}  // namespace
}  // namespace tokenvault
