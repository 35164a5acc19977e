#include "cli/plain_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tokenvault {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
constexpr uint32_t kBroken = 0xFFFFFFFF;

// Reads the character that starts at `at` and moves past it. What is not
// shortest-form UTF-8 of a scalar value reads as kBroken, one byte at a time.
uint32_t NextCharacter(absl::string_view text, size_t& at) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char first = byte(at);
  int more = 0;
  uint32_t value = 0;
  uint32_t least = 0;
  if (first < 0x80) {
    ++at;
    return first;
  } else if ((first & 0xE0) == 0xC0) {
    more = 1, value = first & 0x1F, least = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    more = 2, value = first & 0x0F, least = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    more = 3, value = first & 0x07, least = 0x10000;
  } else {
    ++at;
    return kBroken;
  }
  for (int i = 1; i <= more; ++i) {
    if (at + i >= text.size() || (byte(at + i) & 0xC0) != 0x80) {
      ++at;
      return kBroken;
    }
    value = (value << 6) | (byte(at + i) & 0x3F);
  }
  if (value < least || value > 0x10FFFF ||
      (value >= 0xD800 && value <= 0xDFFF)) {
    ++at;
    return kBroken;
  }
  at += more + 1;
  return value;
}

// C0, DEL and C1 controls; zero-width and direction marks; line and paragraph
// separators; the byte order mark; tags.
bool IsUnsafe(uint32_t c) {
  return c == kBroken || c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD ||
         c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE007F);
}

std::string Sanitize(absl::string_view text, bool keep_lines) {
  std::string safe;
  safe.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const uint32_t c = NextCharacter(text, at);
    if (c == '\n' && keep_lines) {
      safe += '\n';
    } else if (c == '\n' || c == '\t') {
      safe += ' ';
    } else if (IsUnsafe(c)) {
      safe += kReplacement;
    } else {
      absl::StrAppend(&safe, text.substr(start, at - start));
    }
  }
  return safe;
}

}  // namespace

std::string SanitizeLine(absl::string_view text) {
  return Sanitize(text, /*keep_lines=*/false);
}

std::string SanitizeText(absl::string_view text) {
  return Sanitize(text, /*keep_lines=*/true);
}

std::string EscapeJsonForTerminal(absl::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (size_t at = 0; at < json.size();) {
    const size_t start = at;
    const uint32_t c = NextCharacter(json, at);
    if (c == '\n') {
      safe += '\n';  // between values; inside strings it is already escaped
    } else if (c == kBroken) {
      safe += kReplacement;
    } else if (c > 0xFFFF && IsUnsafe(c)) {
      const uint32_t rest = c - 0x10000;
      absl::StrAppendFormat(&safe, "\\u%04x\\u%04x", 0xD800 + (rest >> 10),
                            0xDC00 + (rest & 0x3FF));
    } else if (IsUnsafe(c)) {
      absl::StrAppendFormat(&safe, "\\u%04x", c);
    } else {
      absl::StrAppend(&safe, json.substr(start, at - start));
    }
  }
  return safe;
}

size_t ColumnsOf(absl::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size(); ++columns) NextCharacter(text, at);
  return columns;
}

}  // namespace tokenvault
