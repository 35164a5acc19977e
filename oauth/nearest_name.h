#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// The known name a slip of the pen away from `name`, for "did you mean";
// "" when none is near. The first of equals.
std::string NearestName(absl::string_view name,
                        const std::vector<std::string>& known);

}  // namespace tokenvault
