#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_descriptor.h"

namespace tokenvault {

// A file of slots, each large enough for a sealed answer of a token endpoint.
// All of it is on the disk from the start, so that what arrives when the disk
// is full can still be put down. It holds sealed bytes only, and of what was
// overwritten or cleared nothing: behind its content a slot is zeros.
//
// Thread-safe; two calls about one slot at the same time are the caller's
// fault.
class LandingFile {
 public:
  static constexpr uint64_t kSlots = 64;
  static constexpr size_t kMaxBytes = 68 * 1024;

  // Makes the file, for its owner alone, and fills it, when it is not there or
  // too short. Wipes what a crash, or an older version, left behind the content
  // of a slot. STORAGE_FULL, STORAGE_FAILED.
  static absl::StatusOr<std::unique_ptr<LandingFile>> Open(
      const std::string& path);

  // `slot` is 1 to kSlots. On the disk when it returns. A crash in between
  // leaves the slot unreadable for whoever opens the seal, never half right.
  absl::Status Write(uint64_t slot, absl::string_view bytes);
  // What was written last; "" when nothing was, or it was cleared.
  absl::StatusOr<std::string> Read(uint64_t slot) const;
  absl::Status Clear(uint64_t slot) { return Write(slot, ""); }
  // Clears it, and looks at every byte of it: also what a write that failed
  // half-way left is gone when this returns OK.
  absl::Status Wipe(uint64_t slot);

 private:
  explicit LandingFile(int fd) : file_(fd) {}

  const FileDescriptor file_;
};

}  // namespace tokenvault
