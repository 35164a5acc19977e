#pragma once

#include "absl/strings/string_view.h"

namespace tokenvault {

// Whether somebody typed this code: "wdjb mjht" is "WDJB-MJHT". In constant
// time; nothing is the same as an empty code.
bool IsSameUserCode(absl::string_view typed, absl::string_view code);

}  // namespace tokenvault
