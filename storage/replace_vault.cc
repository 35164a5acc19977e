#include "storage/replace_vault.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/file_descriptor.h"
#include "base/status_macros.h"
#include "storage/new_file.h"
#include "storage/sqlite/database_file.h"

namespace tokenvault {
namespace {

// What makes a vault what it is. SQLite's "-shm" is made anew from the log.
constexpr const char* kKept[] = {"", "-wal", "-journal", kLandingSuffix,
                                 kCheckpointSuffix};
// Of an older life of the database: never to be read into another.
constexpr const char* kLogs[] = {"-wal", "-journal", "-shm"};

absl::Status ReplaceError(int error, const std::string& path) {
  switch (error) {
    case EEXIST:
      return errors::AlreadyExists(absl::StrCat("the file ", path));
    case ENOSPC:
    case EDQUOT:
      return errors::StorageFull();
    case EACCES:
    case EPERM:
    case EROFS:
      return errors::StoragePathInvalid(
          absl::StrCat(path, " cannot be changed by this user"));
    default:
      return errors::StorageFailed(error);
  }
}

bool IsThere(const std::string& path, off_t at_least = 0) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 && info.st_size >= at_least;
}

absl::Status RemoveIfThere(const std::string& path) {
  return unlink(path.c_str()) == 0 || errno == ENOENT
             ? absl::OkStatus()
             : ReplaceError(errno, path);
}

absl::Status SyncFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.ok() && fsync(file.get()) == 0 ? absl::OkStatus()
                                             : ReplaceError(errno, path);
}

// Second names for all that is there; none is left when one cannot be given.
absl::StatusOr<std::vector<std::string>> SetAside(const std::string& path,
                                                  const std::string& aside) {
  std::vector<std::string> names;
  for (const char* suffix : kKept) {
    const std::string from = absl::StrCat(path, suffix);
    const std::string to = absl::StrCat(aside, suffix);
    if (!IsThere(from)) continue;
    if (link(from.c_str(), to.c_str()) == 0) {
      names.push_back(to);
      continue;
    }
    absl::Status failed = ReplaceError(errno, to);
    for (const std::string& name : names) unlink(name.c_str());
    return failed;
  }
  return names;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReplaceVault(const std::string& next,
                                                      const std::string& path,
                                                      const std::string& aside,
                                                      Store* old) {
  const bool there = IsThere(path);
  std::unique_ptr<DatabaseFile> claim;
  if (there && old == nullptr) {
    ASSIGN_OR_RETURN(claim, DatabaseFile::Claim(path, /*create=*/false));
  }
  RETURN_IF_ERROR(SyncFile(next));
  if (old != nullptr) {
    RETURN_IF_ERROR(old->Scrub());
    // The file alone must be the whole vault.
    if (IsThere(absl::StrCat(path, "-wal"), 1)) return errors::StorageBusy();
  }
  ASSIGN_OR_RETURN(std::vector<std::string> names, SetAside(path, aside));
  RETURN_IF_ERROR(SyncFolderOf(path));
  FaultPoint("restore.set_aside");

  RETURN_IF_ERROR(RemoveIfThere(absl::StrCat(path, kCheckpointSuffix)));
  if (old == nullptr) {
    for (const char* suffix : kLogs) {
      RETURN_IF_ERROR(RemoveIfThere(absl::StrCat(path, suffix)));
    }
  }
  RETURN_IF_ERROR(SyncFolderOf(path));
  FaultPoint("restore.mark_removed");

  const unsigned int how = there ? 0 : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, next.c_str(), AT_FDCWD, path.c_str(), how) != 0) {
    return ReplaceError(errno, path);
  }
  RETURN_IF_ERROR(SyncFolderOf(path));
  FaultPoint("restore.in_place");
  RETURN_IF_ERROR(RemoveIfThere(absl::StrCat(path, kLandingSuffix)));
  return names;
}

}  // namespace tokenvault
