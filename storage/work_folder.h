#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace tokenvault {

// A new folder, for its owner alone, in which a database is looked at or made
// ready. It goes with the object, and everything in it; only a kill leaves it
// behind.
class WorkFolder {
 public:
  // What is left to others that use the same disk.
  static constexpr int64_t kSpareBytes = int64_t{64} << 20;

  // Beside `path`, and named after it: "PATH.copy-Xy12ab". STORAGE_FULL, also
  // when `bytes` would leave less than kSpareBytes: a vault on the same disk
  // must not stand still for it. STORAGE_PATH_INVALID.
  static absl::StatusOr<WorkFolder> Create(const std::string& path,
                                           int64_t bytes);

  ~WorkFolder();
  WorkFolder(WorkFolder&& other) noexcept;
  WorkFolder& operator=(WorkFolder&&) = delete;

  // The one database in it.
  std::string database() const { return path_ + "/vault.db"; }

 private:
  explicit WorkFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // "" once moved from
};

}  // namespace tokenvault
