#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/errors.h"
#include "base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/store.h"
#include "tests/storage/samples.h"

// What every Store must do, whatever it is built on. A new one is held to it by
//
//   INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance,
//                            testing::Values(PostgresWorld()));
//
// The tests are in store_conformance_*.cc.
namespace tokenvault {

MATCHER(IsOk, "") {
  *result_listener << absl::Status(arg);
  return arg.ok();
}
MATCHER_P(HasErrorReason, reason, "") {
  *result_listener << arg;
  return HasReason(arg, reason);
}

// A place that one store after another can be opened on.
struct StoreWorld {
  std::string name;
  bool outlives_its_handle = true;
  // Makes a new, empty place, and how to open it.
  std::function<std::function<std::unique_ptr<Store>()>()> make;
};

inline void PrintTo(const StoreWorld& world, std::ostream* out) {
  *out << world.name;
}

class StoreConformance : public testing::TestWithParam<StoreWorld> {
 protected:
  void SetUp() override {
    open_ = GetParam().make();
    store_ = open_();
    ASSERT_NE(store_, nullptr);
  }

  Store& store() { return *store_; }

  void Reopen() {
    store_ = nullptr;
    store_ = open_();
    ASSERT_NE(store_, nullptr);
  }

  template <typename... Records>
  absl::Status Insert(Records... records) {
    WriteBatch batch;
    (batch.Insert(std::move(records)), ...);
    return store().Commit(std::move(batch));
  }

  template <typename Record>
  absl::Status Update(Record record) {
    WriteBatch batch;
    batch.Update(std::move(record));
    return store().Commit(std::move(batch));
  }

  template <typename Key>
  absl::Status Remove(Key key) {
    WriteBatch batch;
    batch.Remove(std::move(key));
    return store().Commit(std::move(batch));
  }

  absl::Status Append(AuditEntry entry) {
    WriteBatch batch;
    batch.Append(std::move(entry));
    return store().Commit(std::move(batch));
  }

  std::vector<AuditEntry> AllEntries() {
    auto entries = store().ListAuditEntries({}, 1 << 20);
    EXPECT_TRUE(entries.ok()) << entries.status();
    return entries.ok() ? *entries : std::vector<AuditEntry>();
  }

 private:
  std::function<std::unique_ptr<Store>()> open_;
  std::unique_ptr<Store> store_;
};

// Keeps a store's writing thread where it is, so that what is committed
// meanwhile queues up. Released at the latest when destroyed.
class HeldWriter {
 public:
  explicit HeldWriter(Store& store) {
    store.Commit(WriteBatch(), [this](absl::Status) {
      MutexLock lock(mutex_);
      held_ = true;
      changed_.NotifyAll();
      while (!released_) changed_.Wait(mutex_);
      gone_ = true;
      changed_.NotifyAll();
    });
    MutexLock lock(mutex_);
    while (!held_) changed_.Wait(mutex_);
  }
  ~HeldWriter() { Release(); }

  void Release() {
    MutexLock lock(mutex_);
    released_ = true;
    changed_.NotifyAll();
    while (!gone_) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool held_ = false;
  bool released_ = false;
  bool gone_ = false;
};

// Collects what each of many asynchronous commits came to, in order of arrival.
class Outcomes {
 public:
  explicit Outcomes(size_t expected) : expected_(expected) {}

  absl::AnyInvocable<void(absl::Status)> Next(int label) {
    return [this, label](absl::Status status) {
      MutexLock lock(mutex_);
      arrived_.emplace_back(label, std::move(status));
      changed_.NotifyAll();
    };
  }

  std::vector<std::pair<int, absl::Status>> Wait() {
    MutexLock lock(mutex_);
    while (arrived_.size() < expected_) changed_.Wait(mutex_);
    return arrived_;
  }

 private:
  const size_t expected_;
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::pair<int, absl::Status>> arrived_;
};

}  // namespace tokenvault
