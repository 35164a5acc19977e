#include "crypto/base64.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "base/hash.h"

namespace tokenvault {

std::optional<std::string> Base64Decode(absl::string_view text) {
  std::string bytes;
  // Abseil is lenient about padding and spare bits; encoding again is not.
  if (!absl::Base64Unescape(text, &bytes) ||
      absl::Base64Escape(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::vector<std::string>> Base64DecodeHashes(
    const std::vector<std::string>& texts) {
  std::vector<std::string> hashes;
  hashes.reserve(texts.size());
  for (const std::string& text : texts) {
    std::optional<std::string> hash = Base64Decode(text);
    if (!hash.has_value() || hash->size() != kSha256Size) return std::nullopt;
    hashes.push_back(*std::move(hash));
  }
  return hashes;
}

}  // namespace tokenvault
