#include "server/page_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace tokenvault {
namespace {

constexpr size_t kNameLimit = 80;
constexpr absl::string_view kFirstStrongIsolate = "\u2068";
constexpr absl::string_view kPopDirectionalIsolate = "\u2069";

bool IsSpace(char32_t code) {
  return code == ' ' || (code >= 0x09 && code <= 0x0D) || code == 0x85 ||
         code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
         code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

// Controls, and what is not seen but changes what is.
bool IsInvisible(char32_t code) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range kInvisible[] = {
      {0x00, 0x1F},       {0x7F, 0x9F},      // controls
      {0xAD, 0xAD},       {0x34F, 0x34F},    // soft hyphen, joiner
      {0x61C, 0x61C},     {0x115F, 0x1160},  // Arabic mark, Hangul fillers
      {0x17B4, 0x17B5},   {0x180B, 0x180F},  // Khmer, Mongolian
      {0x200B, 0x200F},   {0x202A, 0x202E},  // zero width, bidi
      {0x2060, 0x206F},   {0x3164, 0x3164},  // more of both
      {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},  // variants, byte order mark
      {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFC},  // specials
      {0xE0000, 0xE0FFF},                    // tags
  };
  return std::any_of(
      std::begin(kInvisible), std::end(kInvisible),
      [code](Range r) { return code >= r.first && code <= r.last; });
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isascii);
}

// "localhost", "127.0.0.1", "[::1]", each with or without a port.
bool IsLoopback(absl::string_view authority) {
  for (absl::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
    absl::string_view rest = authority;
    if (!absl::ConsumePrefix(&rest, host)) continue;
    if (rest.empty()) return true;
    int port = 0;
    return absl::ConsumePrefix(&rest, ":") &&
           std::all_of(rest.begin(), rest.end(), absl::ascii_isdigit) &&
           absl::SimpleAtoi(rest, &port) && port > 0 && port <= 65535;
  }
  return false;
}

}  // namespace

std::string PlainText(absl::string_view text, size_t limit) {
  std::string plain;
  size_t size = 0;
  bool space = false;
  while (!text.empty()) {
    char32_t code = TakeCharacter(text).value_or(kReplacementCharacter);
    if (IsSpace(code)) {
      space = !plain.empty();
      continue;
    }
    if (IsInvisible(code)) continue;
    size += space ? 2 : 1;
    if (size > limit) return absl::StrCat(plain, "…");
    if (space) plain.push_back(' ');
    space = false;
    AppendUtf8(code, plain);
  }
  return plain;
}

std::string PlainName(absl::string_view name) {
  std::string plain = PlainText(name, kNameLimit);
  if (IsAscii(plain)) return plain;
  return absl::StrCat(kFirstStrongIsolate, plain, kPopDirectionalIsolate);
}

std::string LowerFirst(absl::string_view sentence) {
  std::string lowered(sentence);
  // "IMAP access" and "I" stay as they are.
  bool one_capital = lowered.size() > 1 && absl::ascii_islower(lowered[1]);
  if (one_capital) lowered[0] = absl::ascii_tolower(lowered[0]);
  return lowered;
}

bool IsOwnPath(absl::string_view url) {
  if (!absl::StartsWith(url, "/") || absl::StartsWith(url, "//")) return false;
  return std::all_of(url.begin(), url.end(), [](char c) {
    return absl::ascii_isgraph(c) && c != '\\';
  });
}

bool IsSafeLink(absl::string_view url) {
  if (IsOwnPath(url)) return true;
  for (char c : url) {
    if (!absl::ascii_isgraph(c) || c == '\\') return false;
  }
  const bool secure = absl::ConsumePrefix(&url, "https://");
  if (!secure && !absl::ConsumePrefix(&url, "http://")) return false;
  absl::string_view authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.empty() || absl::StrContains(authority, "@")) return false;
  return secure || IsLoopback(authority);
}

}  // namespace tokenvault
