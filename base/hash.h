#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

inline constexpr size_t kSha256Size = 32;

// The 32 raw bytes of SHA-256: PKCE challenges, audit leaves.
std::string Sha256(absl::string_view data);

// Equal in time that depends on the lengths only. For values an outsider may
// guess at: state, cookies, one-time ids.
bool EqualInConstantTime(absl::string_view a, absl::string_view b);

}  // namespace tokenvault
