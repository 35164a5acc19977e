#pragma once

#include <optional>
#include <string>

namespace tokenvault {

// A small file, of keys, proofs or checkpoints. Nothing when it cannot be read,
// is no file, or is larger than 64 MiB.
std::optional<std::string> ReadWholeFile(const std::string& path);

}  // namespace tokenvault
