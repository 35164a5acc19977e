#include "bench/hand_made_log.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/mutex.h"

namespace tokenvault {
namespace {

class NaiveLog final : public HandMadeLog {
 public:
  ~NaiveLog() override {
    sqlite3_finalize(insert_);
    sqlite3_close(handle_);
  }

  bool Open(const std::string& file) {
    return sqlite3_open(file.c_str(), &handle_) == SQLITE_OK &&
           sqlite3_exec(handle_,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "CREATE TABLE leaf (sequence INTEGER PRIMARY KEY,"
                        " time INTEGER NOT NULL, leaf TEXT NOT NULL)",
                        nullptr, nullptr, nullptr) == SQLITE_OK &&
           sqlite3_prepare_v2(handle_,
                              "INSERT INTO leaf (time, leaf) VALUES (?, ?)", -1,
                              &insert_, nullptr) == SQLITE_OK;
  }

  void Append(Done done) override {
    bool written = false;
    {
      MutexLock lock(mutex_);
      // Outside a transaction, each statement is one.
      sqlite3_bind_int64(insert_, 1, absl::ToUnixMicros(absl::Now()));
      sqlite3_bind_text(insert_, 2, leaf_.data(),
                        static_cast<int>(leaf_.size()), SQLITE_STATIC);
      written = sqlite3_step(insert_) == SQLITE_DONE;
      sqlite3_reset(insert_);
    }
    done(written);
  }

 private:
  const std::string leaf_ = std::string(kHandMadeLeafBytes, 'x');
  sqlite3* handle_ = nullptr;
  Mutex mutex_;
  sqlite3_stmt* insert_ = nullptr;
};

class BatchingLog final : public HandMadeLog {
 public:
  explicit BatchingLog(int fd) : fd_(fd), committer_([this] { Commit(); }) {}
  ~BatchingLog() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      arrived_.NotifyAll();
    }
    committer_.join();
    close(fd_);
  }

  void Append(Done done) override {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(done));
    arrived_.NotifyAll();
  }

 private:
  void Commit() {
    while (true) {
      std::vector<Done> batch;
      {
        MutexLock lock(mutex_);
        while (waiting_.empty() && !stopping_) arrived_.Wait(mutex_);
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      const std::string leaves(batch.size() * kHandMadeLeafBytes, 'x');
      const bool written = write(fd_, leaves.data(), leaves.size()) ==
                               static_cast<ssize_t>(leaves.size()) &&
                           fdatasync(fd_) == 0;
      for (Done& done : batch) done(written);
    }
  }

  const int fd_;
  Mutex mutex_;
  CondVar arrived_;
  std::vector<Done> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // The last member: it runs as soon as it is made.
  std::thread committer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HandMadeLog>> MakeNaiveLog(
    const std::string& file) {
  auto log = std::make_unique<NaiveLog>();
  if (!log->Open(file)) {
    return absl::UnavailableError("the naive database cannot be made");
  }
  return log;
}

absl::StatusOr<std::unique_ptr<HandMadeLog>> MakeBatchingLog(
    const std::string& file) {
  const int fd = open(
      file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError("the log cannot be made");
  return std::make_unique<BatchingLog>(fd);
}

}  // namespace tokenvault
