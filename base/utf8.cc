#include "base/utf8.h"

#include <cstdint>

namespace tokenvault {
namespace {

unsigned char ByteAt(absl::string_view text, size_t i) {
  return static_cast<unsigned char>(text[i]);
}

}  // namespace

// Table 3-7 of the Unicode Standard: the lead byte says how many follow, and
// narrows what the second may be.
size_t Utf8CharacterSize(absl::string_view text) {
  if (text.empty()) return 0;
  const unsigned char lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  const size_t size = lead < 0xC2   ? 0
                      : lead < 0xE0 ? 2
                      : lead < 0xF0 ? 3
                      : lead < 0xF5 ? 4
                                    : 0;
  if (size == 0 || size > text.size()) return 0;
  const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (ByteAt(text, 1) < least || ByteAt(text, 1) > most) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((ByteAt(text, i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

std::optional<char32_t> TakeCharacter(absl::string_view& text) {
  const size_t size = Utf8CharacterSize(text);
  if (size == 0) {
    text.remove_prefix(1);
    return std::nullopt;
  }
  char32_t character = ByteAt(text, 0);
  if (size > 1) character &= 0x7F >> size;
  for (size_t i = 1; i < size; ++i) {
    character = character << 6 | (ByteAt(text, i) & 0x3F);
  }
  text.remove_prefix(size);
  return character;
}

std::optional<std::vector<char32_t>> DecodeUtf8(absl::string_view text) {
  std::vector<char32_t> characters;
  while (!text.empty()) {
    std::optional<char32_t> character = TakeCharacter(text);
    if (!character.has_value()) return std::nullopt;
    characters.push_back(*character);
  }
  return characters;
}

void AppendUtf8(char32_t character, std::string& out) {
  auto byte = [&out](uint32_t value) {
    out.push_back(static_cast<char>(value));
  };
  auto tail = [&](int shift) { byte(0x80 | (character >> shift & 0x3F)); };
  if (character < 0x80) return byte(character);
  if (character < 0x800) {
    byte(0xC0 | character >> 6);
    return tail(0);
  }
  if (character < 0x10000) {
    byte(0xE0 | character >> 12);
  } else {
    byte(0xF0 | character >> 18);
    tail(12);
  }
  tail(6);
  tail(0);
}

}  // namespace tokenvault
