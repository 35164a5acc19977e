#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// Text that others wrote (account labels, names, sentences of a provider) can
// hold escape sequences that move a terminal's cursor, or marks that turn the
// reading direction round. None of it reaches the screen: such characters and
// broken UTF-8 become U+FFFD, line breaks and tabs become spaces.
std::string SanitizeLine(absl::string_view text);

// The same for text of several lines: line breaks stay.
std::string SanitizeText(absl::string_view text);

// The same for JSON: what a terminal might act upon is written as \uXXXX, so
// that the value stays what it was.
std::string EscapeJsonForTerminal(absl::string_view json);

// How many columns a sanitized text takes, counting one a character.
size_t ColumnsOf(absl::string_view text);

}  // namespace tokenvault
