#pragma once

namespace tokenvault {

// Whether a request is what a condition wants. Best last, so that of several
// the worst counts.
enum class Fit { kNo, kUnknown, kYes };

}  // namespace tokenvault
