#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// UTF-8 (RFC 3629): text of others is not believed to be any.
namespace tokenvault {

// Stands for bytes that are no character.
inline constexpr char32_t kReplacementCharacter = U'\ufffd';

// How many bytes the first character of `text` has: 1 to 4. 0 when they are not
// the shortest form of a Unicode scalar value, or when there are none.
size_t Utf8CharacterSize(absl::string_view text);

// Takes the first character off `text`. Nothing, and one byte taken, when there
// is none. `text` is not empty.
std::optional<char32_t> TakeCharacter(absl::string_view& text);

// The characters of `text`. Nothing when any byte of it is part of none.
std::optional<std::vector<char32_t>> DecodeUtf8(absl::string_view text);

void AppendUtf8(char32_t character, std::string& out);

}  // namespace tokenvault
