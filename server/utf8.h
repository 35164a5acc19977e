#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// The characters of a UTF-8 text. Nothing when a byte of it is not part of the
// shortest form of a Unicode scalar value.
std::optional<std::vector<char32_t>> DecodeUtf8(absl::string_view text);

}  // namespace tokenvault
