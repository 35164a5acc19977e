#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/file_descriptor.h"

namespace tokenvault {

// A file that is read once, from its beginning. Thread-compatible.
class SourceFile {
 public:
  // A plain file. BACKUP_PATH_INVALID.
  static absl::StatusOr<std::unique_ptr<SourceFile>> Open(
      const std::string& path);

  // The next `size` bytes; fewer only at the end. STORAGE_FAILED.
  absl::StatusOr<std::string> Read(size_t size);
  // How large it was when it was opened.
  int64_t size() const { return size_; }

 private:
  SourceFile(int fd, int64_t size) : file_(fd), size_(size) {}

  const FileDescriptor file_;
  const int64_t size_;
};

}  // namespace tokenvault
