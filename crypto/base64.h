#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// RFC 4648 §4 with padding: what C2SP's formats use. Strict: no white space, no
// spare bits, so that every byte string has exactly one text.
std::optional<std::string> Base64Decode(absl::string_view text);

// The same of SHA-256 hashes alone: nothing when one is no hash.
std::optional<std::vector<std::string>> Base64DecodeHashes(
    const std::vector<std::string>& texts);

}  // namespace tokenvault
