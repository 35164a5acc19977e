#include "storage/landing_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

// The length, then the bytes; whole blocks, so that a write touches no
// neighbour.
constexpr size_t kHeader = sizeof(uint32_t);
constexpr size_t kSlotSize = 72 * size_t{1024};
static_assert(kHeader + LandingFile::kMaxBytes <= kSlotSize);

absl::Status Failed(int error) {
  return error == ENOSPC || error == EDQUOT ? errors::StorageFull()
                                            : errors::StorageFailed(error);
}

absl::Status WriteAll(int fd, absl::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed(n < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int fd, size_t size, off_t offset, std::string& bytes) {
  bytes.resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, bytes.data() + done, size - done,
                            offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errors::StorageFailed(n < 0 ? errno : EIO);
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

// The length that a slot says, or 0 for one that none can have.
size_t LengthIn(absl::string_view slot) {
  uint32_t length = 0;
  std::memcpy(&length, slot.data(), kHeader);
  return length > LandingFile::kMaxBytes ? 0 : length;
}

off_t OffsetOf(uint64_t slot) {
  return static_cast<off_t>((slot - 1) * kSlotSize);
}

// Written, not only reserved: a write into it later needs nothing new.
absl::Status Fill(int fd) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return Failed(errno);
  const auto whole = static_cast<off_t>(LandingFile::kSlots * kSlotSize);
  if (info.st_size >= whole) return absl::OkStatus();
  const std::string zeros(kSlotSize, '\0');
  for (uint64_t slot = 1; slot <= LandingFile::kSlots; ++slot) {
    // Keeps what stands in slots that a shorter file had.
    if (OffsetOf(slot + 1) <= info.st_size) continue;
    RETURN_IF_ERROR(WriteAll(fd, zeros, OffsetOf(slot)));
  }
  if (fsync(fd) != 0) return Failed(errno);
  return absl::OkStatus();
}

// Zeros for what stands behind the first `keep` bytes of the slot. Writes
// nothing where that is so already.
absl::Status ZeroBehind(int fd, uint64_t slot, absl::string_view bytes,
                        size_t keep) {
  const absl::string_view rest = bytes.substr(keep);
  const size_t last = rest.find_last_not_of('\0');
  if (last == absl::string_view::npos) return absl::OkStatus();
  return WriteAll(fd, std::string(last + 1, '\0'),
                  OffsetOf(slot) + static_cast<off_t>(keep));
}

absl::Status WipeRests(int fd) {
  std::string bytes;
  for (uint64_t slot = 1; slot <= LandingFile::kSlots; ++slot) {
    RETURN_IF_ERROR(ReadAll(fd, kSlotSize, OffsetOf(slot), bytes));
    const size_t length = LengthIn(bytes);
    RETURN_IF_ERROR(
        ZeroBehind(fd, slot, bytes, length == 0 ? 0 : kHeader + length));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<LandingFile>> LandingFile::Open(
    const std::string& path) {
  // Filled without O_DSYNC, used with it.
  {
    const FileDescriptor file(
        open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.ok()) return Failed(errno);
    RETURN_IF_ERROR(Fill(file.get()));
  }
  const int fd = open(path.c_str(), O_RDWR | O_DSYNC | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return Failed(errno);
  std::unique_ptr<LandingFile> file(new LandingFile(fd));
  RETURN_IF_ERROR(WipeRests(fd));
  return file;
}

absl::Status LandingFile::Write(uint64_t slot, absl::string_view bytes) {
  if (slot == 0 || slot > kSlots || bytes.size() > kMaxBytes) {
    return errors::StorageFailed(EINVAL);
  }
  std::string before;
  RETURN_IF_ERROR(ReadAll(file_.get(), kHeader, OffsetOf(slot), before));
  const auto length = static_cast<uint32_t>(bytes.size());
  // Over all that was there.
  std::string content(kHeader + std::max(bytes.size(), LengthIn(before)), '\0');
  std::memcpy(content.data(), &length, kHeader);
  if (!bytes.empty()) {
    std::memcpy(content.data() + kHeader, bytes.data(), bytes.size());
  }
  return WriteAll(file_.get(), content, OffsetOf(slot));
}

absl::Status LandingFile::Wipe(uint64_t slot) {
  if (slot == 0 || slot > kSlots) return errors::StorageFailed(EINVAL);
  std::string bytes;
  RETURN_IF_ERROR(ReadAll(file_.get(), kSlotSize, OffsetOf(slot), bytes));
  return ZeroBehind(file_.get(), slot, bytes, 0);
}

absl::StatusOr<std::string> LandingFile::Read(uint64_t slot) const {
  if (slot == 0 || slot > kSlots) return errors::StorageFailed(EINVAL);
  std::string header;
  RETURN_IF_ERROR(ReadAll(file_.get(), kHeader, OffsetOf(slot), header));
  uint32_t length = 0;
  std::memcpy(&length, header.data(), kHeader);
  if (length > kMaxBytes) return std::string();
  std::string bytes;
  RETURN_IF_ERROR(ReadAll(file_.get(), length,
                          OffsetOf(slot) + static_cast<off_t>(kHeader), bytes));
  return bytes;
}

}  // namespace tokenvault
