// The file form of RootKey: 64 hex digits and a newline, mode 0400.
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/status_macros.h"
#include "crypto/root_key.h"

namespace tokenvault {
namespace {

constexpr size_t kHexSize = 2 * kKeySize;
constexpr size_t kFileSize = kHexSize + 1;
constexpr mode_t kMode = 0400;
// systemd shows the unit's own right to read a credential as the group's.
constexpr mode_t kCredentialMask = 0037;

absl::Status Invalid(const std::string& path, absl::string_view problem) {
  return errors::RootKeyInvalid(absl::StrCat(path, " ", problem));
}

absl::Status CannotOpen(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Invalid(path, "is not there");
    case ELOOP:
      return Invalid(path, "is a symbolic link; name the file itself");
    case EACCES:
    case EPERM:
      return Invalid(path, "may not be read by this user");
    default:
      return Invalid(path, "cannot be opened");
  }
}

// On the open file, so that nothing can be exchanged in between.
absl::Status CheckTrustworthy(const std::string& path, bool is_credential,
                              int fd) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return Invalid(path, "cannot be examined");
  if (!S_ISREG(info.st_mode)) return Invalid(path, "is not a regular file");
  if (info.st_uid != geteuid() && !(is_credential && info.st_uid == 0)) {
    return Invalid(path, "belongs to another user; chown it to this one");
  }
  if (is_credential ? (info.st_mode & kCredentialMask) != 0
                    : (info.st_mode & 07777) != kMode) {
    return Invalid(path, "has a mode other than 0400; chmod 0400 it");
  }
  if (info.st_size != static_cast<off_t>(kFileSize)) {
    return Invalid(path, "does not hold 64 hex digits and a newline");
  }
  return absl::OkStatus();
}

bool ReadAll(int fd, Secret& content) {
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n =
        read(fd, content.mutable_data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

bool WriteAll(int fd, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    content.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The name is durable only once its folder is.
bool SyncFolder(const std::string& path) {
  const FileDescriptor folder(
      open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.ok() && fsync(folder.get()) == 0;
}

Secret NewFileContent() {
  Secret key = Secret::OfSize(kKeySize);
  randombytes_buf(key.mutable_data(), key.size());
  // sodium_bin2hex ends with a NUL; the newline takes its place.
  Secret content = Secret::OfSize(kFileSize);
  sodium_bin2hex(content.mutable_data(), content.size(),
                 reinterpret_cast<const unsigned char*>(key.Reveal().data()),
                 key.size());
  content.mutable_data()[kHexSize] = '\n';
  return content;
}

}  // namespace

absl::StatusOr<RootKey> RootKey::FromFile(SecretArena& arena,
                                          const std::string& path,
                                          bool is_credential) {
  // O_NONBLOCK: a FIFO must not keep us waiting before it is refused.
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok()) return CannotOpen(path, errno);
  RETURN_IF_ERROR(CheckTrustworthy(path, is_credential, file.get()));
  Secret content = Secret::OfSize(kFileSize);
  if (!ReadAll(file.get(), content)) return Invalid(path, "cannot be read");

  Secret key = Secret::OfSize(kKeySize);
  size_t key_size = 0;
  if (content.Reveal()[kHexSize] != '\n' ||
      sodium_hex2bin(reinterpret_cast<unsigned char*>(key.mutable_data()),
                     key.size(), content.Reveal().data(), kHexSize, nullptr,
                     &key_size, nullptr) != 0 ||
      key_size != kKeySize) {
    return Invalid(path, "does not hold 64 hex digits and a newline");
  }
  ASSIGN_OR_RETURN(ArenaKey in_arena, ArenaKey::From(arena, key));
  return RootKey(std::move(in_arena));
}

absl::Status RootKey::CreateFile(const std::string& path) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
           kMode));
  if (!file.ok() && errno == EEXIST) {
    return errors::AlreadyExists("root key file");
  }
  if (!file.ok()) return Invalid(path, "cannot be created");
  const Secret content = NewFileContent();
  // fchmod: the umask may have taken the owner's own right to read.
  if (fchmod(file.get(), kMode) != 0 ||
      !WriteAll(file.get(), content.Reveal()) || fsync(file.get()) != 0 ||
      !SyncFolder(path)) {
    unlink(path.c_str());
    return Invalid(path, "cannot be written");
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
