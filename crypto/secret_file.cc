#include "crypto/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/file_descriptor.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestLine = 1024;
constexpr mode_t kOthers = 0077;
constexpr mode_t kOthersOfCredential = 0037;

absl::Status Unusable(const SecretFile& file, absl::string_view problem) {
  return errors::RootKeyInvalid(absl::StrCat(file.path, " ", problem));
}

}  // namespace

absl::StatusOr<Secret> ReadSecretFile(const SecretFile& file) {
  // O_NONBLOCK: a FIFO must not keep us waiting before it is refused.
  const FileDescriptor opened(
      open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info = {};
  if (!opened.ok() || fstat(opened.get(), &info) != 0 ||
      !S_ISREG(info.st_mode)) {
    return Unusable(file, "is not a file that this user may read");
  }
  if ((info.st_mode & (file.is_credential ? kOthersOfCredential : kOthers)) !=
      0) {
    return Unusable(file, "may be read by others; chmod 0400 it");
  }
  Secret buffer = Secret::OfSize(kLongestLine + 1);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got =
        read(opened.get(), buffer.mutable_data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unusable(file, "cannot be read");
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  const absl::string_view content = buffer.Reveal().substr(0, size);
  absl::string_view line = content.substr(0, content.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return Unusable(file, "is empty");
  if (line.size() > kLongestLine) {
    return Unusable(file, "has a line of more than 1024 bytes");
  }
  return Secret::Copy(line);
}

}  // namespace tokenvault
