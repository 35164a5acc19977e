#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Files of a few lines beside the database, written whole or not at all.
namespace tokenvault {

// Puts `bytes` in the place of what the file held, for its owner alone; on
// stable storage when it returns. A crash leaves the old or the new ones, and
// perhaps PATH.new. One writer at a time, by its caller's care. STORAGE_FULL,
// STORAGE_FAILED.
absl::Status WriteSmallFile(const std::string& path, absl::string_view bytes);

// Puts `bytes` behind what the file holds, if it is there; on stable storage
// when it returns. A crash may leave a part of them. The same errors.
absl::Status AppendToFile(const std::string& path, absl::string_view bytes);

// NOT_FOUND where none is; at most `most` bytes of it. STORAGE_FAILED.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t most);

}  // namespace tokenvault
