#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/sample.h"

struct sqlite3;

namespace tokenvault {

// The database of a vault, read by SQLite with nothing of ours around it. Other
// processes may have it open meanwhile: it sees what they have committed, and a
// commit is not one before its sync is over.
//
// Not thread-safe.
class RawVault {
 public:
  // UNAVAILABLE when SQLite does not open it.
  static absl::StatusOr<std::unique_ptr<RawVault>> Open(
      const std::string& database);

  // By what the rows of a person are found.
  struct Keys {
    std::string user;
    std::string connection;
  };
  // Reads the whole table of connections for it. NOT_FOUND when one of them has
  // none.
  absl::StatusOr<std::vector<Keys>> FindKeys(const std::vector<int>& people);

  // Reads the connection, the data key and the grant of each, every column, by
  // key. The microseconds of each three.
  absl::StatusOr<Sample> ReadEach(const std::vector<Keys>& people);

  // The number of the newest leaf of the audit log.
  absl::StatusOr<uint64_t> NewestLeaf();

 private:
  using Handle = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
  explicit RawVault(Handle handle) : handle_(std::move(handle)) {}

  Handle handle_;
};

}  // namespace tokenvault
