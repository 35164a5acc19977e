#pragma once

#include "absl/strings/string_view.h"

namespace tokenvault {

// Whether a line has the form of a leaf (docs/audit-format.md): an object in
// the canonical form of RFC 8785, whose members are strings or arrays of
// strings, `action` among them. What the members say is not judged.
bool IsLeaf(absl::string_view line);

}  // namespace tokenvault
