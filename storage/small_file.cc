#include "storage/small_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/status_macros.h"
#include "storage/new_file.h"

namespace tokenvault {
namespace {

absl::Status SmallFileError(int error) {
  return error == ENOSPC || error == EDQUOT ? errors::StorageFull()
                                            : errors::StorageFailed(error);
}

// `how`: O_TRUNC or O_APPEND.
absl::Status WriteAll(const std::string& path, int how,
                      absl::string_view bytes) {
  const FileDescriptor file(open(
      path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | how, 0600));
  if (!file.ok()) return SmallFileError(errno);
  while (!bytes.empty()) {
    const ssize_t n = write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return SmallFileError(n < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return fsync(file.get()) == 0 ? absl::OkStatus() : SmallFileError(errno);
}

}  // namespace

absl::Status WriteSmallFile(const std::string& path, absl::string_view bytes) {
  const std::string next = absl::StrCat(path, ".new");
  absl::Status written = WriteAll(next, O_TRUNC, bytes);
  if (written.ok() && rename(next.c_str(), path.c_str()) != 0) {
    written = SmallFileError(errno);
  }
  if (!written.ok()) {
    unlink(next.c_str());
    return written;
  }
  return SyncFolderOf(path);
}

absl::Status AppendToFile(const std::string& path, absl::string_view bytes) {
  return WriteAll(path, O_APPEND, bytes);
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path,
                                          size_t most) {
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) return errors::NotFound("file");
  if (!file.ok()) return SmallFileError(errno);
  std::string bytes(most, '\0');
  size_t done = 0;
  while (done < most) {
    const ssize_t n = read(file.get(), bytes.data() + done, most - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SmallFileError(errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace tokenvault
