#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// What is wrong with a name that people will read on a consent page, as a
// sentence of ours; nothing if it is fine. Refused: broken UTF-8, control
// characters, marks that turn or hide text, combining marks, letters dressed up
// as others (full-width, mathematical, …), Latin mixed with Cyrillic, Greek,
// Armenian or Cherokee, space at the ends or doubled, and over 64 characters.
std::optional<std::string> DisplayNameProblem(absl::string_view name);

// What the eye makes of a good name: equal for names that are easily taken for
// one another, such as "Mailer" and "rnai1er" or one in Cyrillic letters. It
// knows the common lookalikes, not all of Unicode's. Never shown.
std::string LookalikeKey(absl::string_view name);

}  // namespace tokenvault
