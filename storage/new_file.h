#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_descriptor.h"

namespace tokenvault {

// A file that has its name only once it is whole and on stable storage. Until
// then it is NAME.partial, for its owner alone; what is not finished is removed
// with the object. Nothing is ever overwritten.
//
//   ASSIGN_OR_RETURN(auto file, NewFile::Create(path));
//   RETURN_IF_ERROR(file->Write(bytes));
//   RETURN_IF_ERROR(file->Sync());
//   RETURN_IF_ERROR(file->Name());
//
// All of it returns ALREADY_EXISTS where something has one of the two names;
// BACKUP_PATH_INVALID for a folder that is not there or not to be written to;
// STORAGE_FULL, STORAGE_FAILED. Thread-compatible.
class NewFile {
 public:
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(
      const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  absl::Status Write(absl::string_view bytes);
  absl::Status Sync();
  // Gives it its name, durably; nothing is removed from here on.
  absl::Status Name();

 private:
  NewFile(std::string path, int fd);

  const std::string path_;
  const std::string partial_;
  const FileDescriptor file_;
  bool named_ = false;
};

// Removes what a killed process left of the file that was to be `path`: for who
// knows that nobody writes it now.
void RemovePartial(const std::string& path);

// Makes the names in the folder of `path` durable. STORAGE_FAILED.
absl::Status SyncFolderOf(const std::string& path);

}  // namespace tokenvault
