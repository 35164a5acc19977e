#include "storage/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/errors.h"

namespace tokenvault {

absl::StatusOr<std::unique_ptr<SourceFile>> SourceFile::Open(
    const std::string& path) {
  // O_NONBLOCK: a FIFO must not keep us waiting before it is refused.
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    return errors::BackupPathInvalid(absl::StrCat(
        path, errno == ENOENT ? " is not there" : " may not be read"));
  }
  struct stat info = {};
  const bool plain = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  std::unique_ptr<SourceFile> file(new SourceFile(fd, info.st_size));
  if (!plain) {
    return errors::BackupPathInvalid(absl::StrCat(path, " is no plain file"));
  }
  return file;
}

absl::StatusOr<std::string> SourceFile::Read(size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = read(file_.get(), bytes.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errors::StorageFailed(errno);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace tokenvault
