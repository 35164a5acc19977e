#include "storage/work_folder.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"

namespace tokenvault {

absl::StatusOr<WorkFolder> WorkFolder::Create(const std::string& path,
                                              int64_t bytes) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct statvfs disk = {};
  if (statvfs(folder.empty() ? "." : folder.c_str(), &disk) == 0 &&
      static_cast<int64_t>(disk.f_bavail) *
                  static_cast<int64_t>(disk.f_frsize) -
              kSpareBytes <
          bytes) {
    return errors::StorageFull();
  }
  std::string name = absl::StrCat(path, ".copy-XXXXXX");
  if (mkdtemp(name.data()) != nullptr) return WorkFolder(std::move(name));
  if (errno == ENOSPC || errno == EDQUOT) return errors::StorageFull();
  return errors::StoragePathInvalid(
      absl::StrCat("nothing can be made beside ", path));
}

WorkFolder::WorkFolder(WorkFolder&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

WorkFolder::~WorkFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tokenvault
