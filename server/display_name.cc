#include "server/display_name.h"

#include <cstdint>
#include <map>
#include <vector>

#include "absl/strings/str_replace.h"
#include "base/utf8.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestName = 64;

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t N>
bool IsIn(const Range (&ranges)[N], char32_t c) {
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

// Turns text around, hides it, or takes no room: Cf and its like.
constexpr Range kInvisible[] = {
    {0x00ad, 0x00ad},   {0x034f, 0x034f},    {0x061c, 0x061c},
    {0x115f, 0x1160},   {0x17b4, 0x17b5},    {0x180b, 0x180f},
    {0x200b, 0x200f},   {0x2028, 0x202e},    {0x2060, 0x206f},
    {0x3164, 0x3164},   {0xfe00, 0xfe0f},    {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xffff},    {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff}, {0xe000, 0xf8ff},
};
// Spaces other than the plain one.
constexpr Range kSpaces[] = {
    {0x00a0, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};
constexpr Range kCombining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe20, 0xfe2f},
};
// Other letters' costumes: phonetic, modifier, letterlike, enclosed,
// mathematical and full-width forms, and ligatures.
constexpr Range kDressedUp[] = {
    {0x0250, 0x02ff},   {0x1d00, 0x1dbf},   {0x2070, 0x209f},
    {0x2100, 0x218f},   {0x2460, 0x24ff},   {0xa720, 0xa7ff},
    {0xab30, 0xabbf},   {0xfb00, 0xfb4f},   {0xff00, 0xffef},
    {0x10780, 0x107bf}, {0x1d400, 0x1d7ff}, {0x1f100, 0x1f1ff},
};
constexpr Range kLatin[] = {{'A', 'Z'},       {'a', 'z'},
                            {0x00c0, 0x00d6}, {0x00d8, 0x00f6},
                            {0x00f8, 0x024f}, {0x1e00, 0x1eff}};
// Scripts whose letters pass for Latin ones, or for one another's.
constexpr Range kGreek[] = {{0x0370, 0x03ff}, {0x1f00, 0x1fff}};
constexpr Range kCyrillic[] = {
    {0x0400, 0x052f}, {0x1c80, 0x1c8f}, {0x2de0, 0x2dff}, {0xa640, 0xa69f}};
constexpr Range kOthers[] = {{0x0530, 0x058f}, {0x10a0, 0x10ff},
                             {0x13a0, 0x13ff}, {0x2c00, 0x2cff},
                             {0xab70, 0xabbf}, {0x1400, 0x167f}};

// Folded to what they look like, in lower case. Both cases of a letter are here
// where both have a double.
const std::map<char32_t, absl::string_view>& Lookalikes() {
  static const auto* const kMap = new std::map<char32_t, absl::string_view>{
      // Digits and signs.
      {'0', "o"},
      {'1', "l"},
      {'|', "l"},
      {'!', "l"},
      {'5', "s"},
      {'$', "s"},
      {'3', "e"},
      {'8', "b"},
      {'@', "a"},
      {'i', "l"},
      {'-', " "},
      {'_', " "},
      {'.', " "},
      // Cyrillic.
      {0x0430, "a"},
      {0x0410, "a"},
      {0x0412, "b"},
      {0x0432, "b"},
      {0x0441, "c"},
      {0x0421, "c"},
      {0x0435, "e"},
      {0x0415, "e"},
      {0x0451, "e"},
      {0x0401, "e"},
      {0x043d, "h"},
      {0x041d, "h"},
      {0x04bb, "h"},
      {0x0456, "l"},
      {0x0406, "l"},
      {0x0457, "l"},
      {0x0407, "l"},
      {0x0458, "j"},
      {0x0408, "j"},
      {0x043a, "k"},
      {0x041a, "k"},
      {0x04cf, "l"},
      {0x04c0, "l"},
      {0x043c, "m"},
      {0x041c, "m"},
      {0x043e, "o"},
      {0x041e, "o"},
      {0x0440, "p"},
      {0x0420, "p"},
      {0x051b, "q"},
      {0x0455, "s"},
      {0x0405, "s"},
      {0x0442, "t"},
      {0x0422, "t"},
      {0x051d, "w"},
      {0x0445, "x"},
      {0x0425, "x"},
      {0x0443, "y"},
      {0x0423, "y"},
      {0x04ae, "y"},
      {0x04af, "y"},
      {0x0501, "d"},
      {0x0433, "r"},
      {0x0437, "e"},
      // Greek.
      {0x03b1, "a"},
      {0x0391, "a"},
      {0x0392, "b"},
      {0x03b2, "b"},
      {0x0395, "e"},
      {0x03b5, "e"},
      {0x0396, "z"},
      {0x0397, "h"},
      {0x03b9, "l"},
      {0x0399, "l"},
      {0x039a, "k"},
      {0x03ba, "k"},
      {0x039c, "m"},
      {0x039d, "n"},
      {0x03b7, "n"},
      {0x03bf, "o"},
      {0x039f, "o"},
      {0x03a1, "p"},
      {0x03c1, "p"},
      {0x03a4, "t"},
      {0x03c4, "t"},
      {0x03c5, "u"},
      {0x03a5, "y"},
      {0x03bd, "v"},
      {0x03a7, "x"},
      {0x03c7, "x"},
      {0x03c9, "w"},
      // Latin with something small on it.
      {0x0131, "l"},
      {0x0130, "l"},
      {0x0142, "l"},
      {0x0141, "l"},
      {0x00f8, "o"},
      {0x00d8, "o"},
  };
  return *kMap;
}

}  // namespace

std::optional<std::string> DisplayNameProblem(absl::string_view name) {
  auto characters = DecodeUtf8(name);
  if (!characters.has_value()) return "is not valid UTF-8";
  if (characters->empty()) return "is empty";
  if (characters->size() > kLongestName) {
    return "is longer than 64 characters";
  }
  bool latin = false;
  bool greek = false;
  bool cyrillic = false;
  bool others = false;
  char32_t before = ' ';
  for (char32_t c : *characters) {
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
      return "has a control character in it";
    }
    if (IsIn(kInvisible, c)) {
      return "has a character in it that hides or turns text";
    }
    if (IsIn(kSpaces, c) || (c == ' ' && before == ' ')) {
      return "may have single plain spaces between words only";
    }
    if (IsIn(kCombining, c)) {
      return "has a combining mark in it: write the accented letter as one "
             "character";
    }
    if (IsIn(kDressedUp, c)) {
      return "has a character in it that passes for a plain letter";
    }
    latin = latin || IsIn(kLatin, c);
    greek = greek || IsIn(kGreek, c);
    cyrillic = cyrillic || IsIn(kCyrillic, c);
    others = others || IsIn(kOthers, c);
    before = c;
  }
  if (before == ' ') return "may have single plain spaces between words only";
  if (latin + greek + cyrillic + others > 1) {
    return "mixes letters of scripts that pass for one another";
  }
  return std::nullopt;
}

std::string LookalikeKey(absl::string_view name) {
  std::string key;
  auto characters = DecodeUtf8(name);
  if (!characters.has_value()) return std::string(name);
  const auto& lookalikes = Lookalikes();
  size_t position = 0;
  for (char32_t c : *characters) {
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    char32_t lower = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    if (auto it = lookalikes.find(lower); it != lookalikes.end()) {
      key.append(it->second.data(), it->second.size());
    } else if (c < 0x80) {
      key.push_back(static_cast<char>(lower));
    } else {
      key.append(name.substr(position, length).data(), length);
    }
    position += length;
  }
  return absl::StrReplaceAll(key, {{"rn", "m"}, {"vv", "w"}, {" ", ""}});
}

}  // namespace tokenvault
