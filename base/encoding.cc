#include "base/encoding.h"

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace tokenvault {

std::string HexEncode(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}

std::optional<std::string> HexDecode(absl::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  for (char c : hex) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
  }
  return absl::HexStringToBytes(hex);
}

std::string Base64UrlEncode(absl::string_view bytes) {
  return absl::WebSafeBase64Escape(bytes);
}

std::optional<std::string> Base64UrlDecode(absl::string_view text) {
  std::string bytes;
  // Abseil is lenient about padding and spare bits; encoding again is not.
  if (!absl::WebSafeBase64Unescape(text, &bytes) ||
      Base64UrlEncode(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

std::string Base32Encode(absl::string_view bytes) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text((bytes.size() * 8 + 4) / 5, '\0');
  auto next = text.begin();
  uint32_t bits = 0;
  int held = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
    for (held += 8; held >= 5; *next++ = kAlphabet[(bits >> held) & 31]) {
      held -= 5;
    }
  }
  if (held > 0) *next = kAlphabet[(bits << (5 - held)) & 31];
  return text;
}

}  // namespace tokenvault
