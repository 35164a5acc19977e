#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "storage/sqlite/connection.h"

namespace tokenvault {

// Handles to read with: one for each read that is under way, so that readers
// wait neither for one another nor for the writer. A few stay open, with their
// statements compiled.
//
// A database in RAM has one handle only: then every read borrows the writer's,
// and waits for its mutex.
//
//   ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
//   Statement select(*reader, "SELECT …");
//
// Thread-safe. Outlives its loans.
class ReaderPool {
 public:
  // Reads the file; `vfs` as in SqliteConnection::Open.
  ReaderPool(std::string path, const char* vfs)
      : path_(std::move(path)), vfs_(vfs), only_(nullptr) {}
  // Reads through `only`, which outlives the pool.
  explicit ReaderPool(SqliteConnection& only) : vfs_(nullptr), only_(&only) {}

  // A handle, held with its mutex until the loan ends. Not to be kept: a
  // statement in mid-read would hold back checkpoints.
  class Loan {
   public:
    Loan(Loan&& other) noexcept;
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    SqliteConnection& operator*() const { return *connection_; }

   private:
    friend class ReaderPool;
    Loan(ReaderPool* pool, SqliteConnection& connection,
         std::unique_ptr<SqliteConnection> owned);

    ReaderPool* pool_;  // null: the handle closes with the loan
    SqliteConnection* connection_;
    std::unique_ptr<SqliteConnection> owned_;  // null for `only`
  };

  absl::StatusOr<Loan> Borrow();
  // A handle whose integrity_check looks at everything.
  absl::StatusOr<Loan> BorrowInspector();

 private:
  const std::string path_;
  const char* const vfs_;
  SqliteConnection* const only_;

  Mutex mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
