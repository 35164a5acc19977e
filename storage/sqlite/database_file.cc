#include "storage/sqlite/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthers = 077;

// What SQLite keeps beside a database.
constexpr const char* kSidecars[] = {"", "-wal", "-shm", "-journal"};

absl::Status PathError(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return errors::StoragePathInvalid(
          absl::StrCat("the folder of ", path, " does not exist"));
    case EACCES:
    case EPERM:
      return errors::StoragePathInvalid(
          absl::StrCat(path, " or its folder is not accessible to this user"));
    case EROFS:
      return errors::StoragePathInvalid(
          absl::StrCat(path, " is on a read-only file system"));
    case ENOSPC:
    case EDQUOT:
      return errors::StorageFull();
    default:
      return errors::StoragePathInvalid(
          absl::StrCat(path, " cannot be opened: system error ", error));
  }
}

// A path through a link would let two processes lock two different names of
// the same file.
absl::StatusOr<std::string> Canonical(const std::string& path) {
  std::error_code error;
  std::filesystem::path canonical =
      std::filesystem::weakly_canonical(path, error);
  if (error) return PathError(error.value(), path);
  if (!canonical.is_absolute()) {
    // What weakly_canonical leaves as it was when nothing of it exists.
    canonical = std::filesystem::absolute(canonical, error);
    if (error) return PathError(error.value(), path);
  }
  return canonical.string();
}

absl::Status CreateFile(const std::string& path) {
  int file =
      open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
           kOwnerOnly);
  if (file < 0) return PathError(errno, path);
  close(file);
  // The name must survive a power cut as well as what will be in the file.
  std::string folder = std::filesystem::path(path).parent_path().string();
  int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return PathError(errno, path);
  int synced = fsync(directory);
  int error = errno;
  close(directory);
  return synced == 0 ? absl::OkStatus() : PathError(error, path);
}

absl::Status CheckModes(const std::string& path) {
  for (const char* suffix : kSidecars) {
    struct stat info;
    const std::string name = path + suffix;
    if (lstat(name.c_str(), &info) != 0) continue;
    if (!S_ISREG(info.st_mode)) {
      return errors::StoragePathInvalid(
          absl::StrCat(name, " is not a plain file"));
    }
    if ((info.st_mode & kOthers) != 0) {
      return errors::StorageUnsafe(absl::StrCat(
          name, " is accessible to other users; run 'chmod 600 ", name, "'"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DatabaseFile>> DatabaseFile::Claim(
    const std::string& path, bool create) {
  if (path.empty()) return errors::StoragePathInvalid("it is empty");
  ASSIGN_OR_RETURN(std::string canonical, Canonical(path));
  // The constructor is private.
  std::unique_ptr<DatabaseFile> file(new DatabaseFile(std::move(canonical)));
  struct stat info;
  bool missing = lstat(file->path_.c_str(), &info) != 0;
  if (missing && errno != ENOENT) return PathError(errno, path);
  // Before the lock, which would leave a file where no vault is.
  if (missing && !create) return errors::StorageNotInitialized();
  RETURN_IF_ERROR(CheckModes(file->path_));
  RETURN_IF_ERROR(file->Lock());
  // Looked at again under the lock: another process may have been faster.
  if (lstat(file->path_.c_str(), &info) != 0) {
    RETURN_IF_ERROR(CreateFile(file->path_));
  }
  // SQLite would only say that it cannot open it.
  if (access(file->path_.c_str(), R_OK | W_OK) != 0) {
    return PathError(errno, path);
  }
  return file;
}

DatabaseFile::~DatabaseFile() {
  if (lock_ >= 0) close(lock_);
}

int64_t DatabaseFile::bytes() const {
  int64_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat info;
    if (stat(absl::StrCat(path_, suffix).c_str(), &info) == 0) {
      bytes += info.st_size;
    }
  }
  return bytes;
}

absl::Status DatabaseFile::Lock() {
  const std::string name = path_ + ".lock";
  lock_ =
      open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly);
  if (lock_ < 0) return PathError(errno, name);
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return absl::OkStatus();
  return errno == EWOULDBLOCK ? errors::StorageBusy() : PathError(errno, name);
}

}  // namespace tokenvault
