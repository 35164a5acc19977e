#include "storage/sqlite/reader_pool.h"

#include <utility>

#include "base/status_macros.h"

namespace tokenvault {
namespace {

// More reads than this at once are rare, and open a handle of their own.
constexpr size_t kMostIdle = 16;

}  // namespace

// The lock moves with the loan, which clang cannot follow.
ReaderPool::Loan::Loan(ReaderPool* pool, SqliteConnection& connection,
                       std::unique_ptr<SqliteConnection> owned)
    ABSL_NO_THREAD_SAFETY_ANALYSIS : pool_(pool),
                                     connection_(&connection),
                                     owned_(std::move(owned)) {
  connection_->mutex().Lock();
}

ReaderPool::Loan::Loan(Loan&& other) noexcept
    : pool_(other.pool_),
      connection_(std::exchange(other.connection_, nullptr)),
      owned_(std::move(other.owned_)) {}

ReaderPool::Loan::~Loan() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (connection_ == nullptr) return;
  connection_->mutex().Unlock();
  if (owned_ == nullptr || pool_ == nullptr) return;
  MutexLock lock(pool_->mutex_);
  if (pool_->idle_.size() < kMostIdle)
    pool_->idle_.push_back(std::move(owned_));
}

absl::StatusOr<ReaderPool::Loan> ReaderPool::Borrow() {
  if (only_ != nullptr) return Loan(this, *only_, nullptr);
  std::unique_ptr<SqliteConnection> connection;
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    ASSIGN_OR_RETURN(
        connection,
        SqliteConnection::Open(path_, SqliteConnection::Role::kReader, vfs_));
  }
  SqliteConnection& borrowed = *connection;
  return Loan(this, borrowed, std::move(connection));
}

absl::StatusOr<ReaderPool::Loan> ReaderPool::BorrowInspector() {
  if (only_ != nullptr) return Loan(nullptr, *only_, nullptr);
  ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteConnection> connection,
      SqliteConnection::Open(path_, SqliteConnection::Role::kInspector, vfs_));
  SqliteConnection& borrowed = *connection;
  return Loan(nullptr, borrowed, std::move(connection));
}

}  // namespace tokenvault
