#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tokenvault {

// The right to a database file: no other process, and no other object of this
// one, has it while this lives.
//
// Held by a lock on `<path>.lock`, which stays behind, empty: removing it could
// leave two processes each with a lock on a file of that name.
class DatabaseFile {
 public:
  // Makes the file, empty and for its owner alone, when it is missing and
  // `create` is set. Errors as OpenStore's.
  static absl::StatusOr<std::unique_ptr<DatabaseFile>> Claim(
      const std::string& path, bool create);

  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  // Absolute, without symbolic links, so that two ways to one file are one.
  const std::string& path() const { return path_; }
  // The file and its log.
  int64_t bytes() const;

 private:
  explicit DatabaseFile(std::string path) : path_(std::move(path)) {}
  absl::Status Lock();

  const std::string path_;
  int lock_ = -1;
};

}  // namespace tokenvault
