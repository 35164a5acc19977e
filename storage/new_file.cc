#include "storage/new_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

absl::Status NewFileError(int error, const std::string& path) {
  switch (error) {
    case EEXIST:
      return errors::AlreadyExists(absl::StrCat("the file ", path));
    case ENOENT:
    case ENOTDIR:
      return errors::BackupPathInvalid(
          absl::StrCat("the folder of ", path, " does not exist"));
    case EACCES:
    case EPERM:
      return errors::BackupPathInvalid(
          absl::StrCat("the daemon's user may not write ", path));
    case EROFS:
      return errors::BackupPathInvalid(
          absl::StrCat(path, " is on a read-only file system"));
    case ENOSPC:
    case EDQUOT:
      return errors::StorageFull();
    default:
      return errors::StorageFailed(error);
  }
}

// Fails where something has the name already.
int RenameToNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot promise it: a second name cannot overwrite, too.
  if (link(from.c_str(), to.c_str()) != 0) return errno;
  unlink(from.c_str());
  return 0;
}

}  // namespace

void RemovePartial(const std::string& path) {
  unlink(absl::StrCat(path, ".partial").c_str());
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const FileDescriptor open_folder(open(folder.empty() ? "." : folder.c_str(),
                                        O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return open_folder.ok() && fsync(open_folder.get()) == 0
             ? absl::OkStatus()
             : errors::StorageFailed(errno);
}

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(
    const std::string& path) {
  // Long before it is renamed: who waits for hours should not be told then.
  if (access(path.c_str(), F_OK) == 0) return NewFileError(EEXIST, path);
  const std::string partial = absl::StrCat(path, ".partial");
  const int fd =
      open(partial.c_str(),
           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return NewFileError(errno, partial);
  return std::unique_ptr<NewFile>(new NewFile(path, fd));
}

NewFile::NewFile(std::string path, int fd)
    : path_(std::move(path)),
      partial_(absl::StrCat(path_, ".partial")),
      file_(fd) {}

NewFile::~NewFile() {
  if (!named_) unlink(partial_.c_str());
}

absl::Status NewFile::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return NewFileError(n < 0 ? errno : EIO, partial_);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status NewFile::Sync() {
  return fsync(file_.get()) == 0 ? absl::OkStatus()
                                 : NewFileError(errno, partial_);
}

absl::Status NewFile::Name() {
  if (const int error = RenameToNew(partial_, path_); error != 0) {
    return NewFileError(error, path_);
  }
  named_ = true;
  return SyncFolderOf(path_);
}

}  // namespace tokenvault
