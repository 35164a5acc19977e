#include "server/config_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr size_t kLargestFile = 1024 * 1024;
constexpr size_t kLargestSecret = 8 * 1024;

struct FileRead {
  Secret content;  // for a configuration, which is none, it does no harm
  mode_t mode = 0;
  int error = 0;  // errno; EFBIG when it is larger than `limit`
};

FileRead ReadFile(const std::string& path, size_t limit) {
  FileRead read;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0) {
    read.error = errno;
  } else if (!S_ISREG(info.st_mode)) {
    read.error = EINVAL;
  } else {
    read.mode = info.st_mode;
    // No larger than it is: locked memory is scarce.
    const size_t expected =
        std::min(limit, static_cast<size_t>(std::max<off_t>(info.st_size, 0)));
    Secret buffer = Secret::OfSize(expected + 1);
    size_t size = 0;
    while (size <= expected) {
      ssize_t n = ::read(fd, buffer.mutable_data() + size, expected + 1 - size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) read.error = errno;
      if (n <= 0) break;
      size += static_cast<size_t>(n);
    }
    if (size > expected) {
      // The latter while somebody writes it.
      read.error = expected == limit ? EFBIG : EAGAIN;
    }
    if (read.error == 0) {
      read.content = Secret::Copy(buffer.Reveal().substr(0, size));
    }
  }
  if (fd >= 0) close(fd);
  return read;
}

absl::string_view ErrorWords(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "there is no such file";
    case EACCES:
    case EPERM:
      return "this user may not read it";
    case EFBIG:
      return "it is too large";
    case EINVAL:
    case EISDIR:
    case ENXIO:
      return "it is not a regular file";
    default:
      return "it cannot be read";
  }
}

}  // namespace

absl::StatusOr<ConfigText> ReadConfigFile(const std::string& path) {
  FileRead read = ReadFile(path, kLargestFile);
  if (read.error != 0) {
    return errors::ConfigInvalid(path, ErrorWords(read.error));
  }
  return ConfigText{path, std::string(read.content.Reveal())};
}

std::vector<std::string> TomlFilesIn(const std::string& folder) {
  std::vector<std::string> files;
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return files;
  while (const dirent* entry = readdir(dir)) {
    std::string name = entry->d_name;
    if (absl::EndsWith(name, ".toml") && name[0] != '.') {
      files.push_back(absl::StrCat(folder, "/", name));
    }
  }
  closedir(dir);
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<Secret> ReadSecretReference(const std::string& reference,
                                           const std::string& credentials,
                                           const ConfigSources& sources) {
  absl::string_view name = reference;
  bool is_credential = absl::ConsumePrefix(&name, "cred:");
  if (is_credential && credentials.empty()) {
    std::string what =
        "\"cred:\" needs $CREDENTIALS_DIRECTORY, which systemd sets for "
        "LoadCredential=";
    return sources.check_only ? absl::UnavailableError(what)
                              : absl::InvalidArgumentError(what);
  }
  FileRead read =
      ReadFile(is_credential ? absl::StrCat(credentials, "/", name) : reference,
               kLargestSecret);
  if (read.error != 0) {
    std::string what =
        absl::StrCat("the secret cannot be used: ", ErrorWords(read.error));
    bool ours = read.error == EACCES || read.error == EPERM;
    return sources.check_only && ours ? absl::UnavailableError(what)
                                      : absl::InvalidArgumentError(what);
  }
  // systemd gives credentials to the unit's user by an ACL, which shows as the
  // group's right to read.
  mode_t too_wide = is_credential ? 0037 : 0077;
  if (!sources.dev && (read.mode & too_wide) != 0) {
    return absl::InvalidArgumentError(
        "the secret cannot be used: others than its owner may read the file; "
        "run chmod 0400 on it");
  }
  absl::string_view content = read.content.Reveal();
  if (absl::ConsumeSuffix(&content, "\n")) absl::ConsumeSuffix(&content, "\r");
  if (content.empty()) {
    return absl::InvalidArgumentError(
        "the secret cannot be used: the file is empty");
  }
  return Secret::Copy(content);
}

}  // namespace tokenvault
