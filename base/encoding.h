#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// Lower-case hex.
std::string HexEncode(absl::string_view bytes);
// Nothing for odd lengths or characters that are not hex.
std::optional<std::string> HexDecode(absl::string_view hex);

// RFC 4648 §5 without padding: what PKCE, JOSE and our links use.
std::string Base64UrlEncode(absl::string_view bytes);
// Strict: no padding, no white space, no non-zero trailing bits, so that every
// byte string has exactly one text.
std::optional<std::string> Base64UrlDecode(absl::string_view text);

// RFC 4648 §6 in lower case, without padding: safe in names and URLs, and easy
// to read aloud.
std::string Base32Encode(absl::string_view bytes);

}  // namespace tokenvault
