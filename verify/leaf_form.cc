#include "verify/leaf_form.h"

#include <cstddef>

#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace tokenvault {
namespace {

// Each takes what it names off the front of `text`; false when it is not there.
bool TakeEscape(absl::string_view& text) {
  for (const char* escape :
       {"\\\"", "\\\\", "\\b", "\\f", "\\n", "\\r", "\\t"}) {
    if (absl::ConsumePrefix(&text, escape)) return true;
  }
  // The other control characters, which have no short form.
  if (!absl::ConsumePrefix(&text, "\\u00") || text.size() < 2) return false;
  constexpr absl::string_view kShort = "08 09 0a 0c 0d";
  const absl::string_view digits = text.substr(0, 2);
  const bool hex = digits[1] >= '0' && (digits[1] <= '9' || digits[1] >= 'a') &&
                   digits[1] <= 'f';
  if ((digits[0] != '0' && digits[0] != '1') || !hex ||
      kShort.find(digits) != absl::string_view::npos) {
    return false;
  }
  text.remove_prefix(2);
  return true;
}

bool TakeString(absl::string_view& text, absl::string_view* value = nullptr) {
  if (!absl::ConsumePrefix(&text, "\"")) return false;
  const absl::string_view from = text;
  while (!text.empty() && text.front() != '"') {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte == '\\') {
      if (!TakeEscape(text)) return false;
      continue;
    }
    const size_t size = byte < 0x80 ? 1 : Utf8CharacterSize(text);
    if (byte < 0x20 || size == 0) return false;
    text.remove_prefix(size);
  }
  if (value != nullptr) *value = from.substr(0, from.size() - text.size());
  return absl::ConsumePrefix(&text, "\"");
}

bool TakeValue(absl::string_view& text) {
  if (!absl::ConsumePrefix(&text, "[")) return TakeString(text);
  do {
    if (!TakeString(text)) return false;
  } while (absl::ConsumePrefix(&text, ","));
  return absl::ConsumePrefix(&text, "]");
}

// Ours are of these letters alone, so that their order is that of their bytes.
bool IsMemberName(absl::string_view name) {
  for (const char c : name) {
    if (c != '_' && (c < 'a' || c > 'z')) return false;
  }
  return !name.empty();
}

}  // namespace

bool IsLeaf(absl::string_view line) {
  absl::string_view before;
  bool has_action = false;
  if (!absl::ConsumePrefix(&line, "{")) return false;
  do {
    absl::string_view name;
    if (!TakeString(line, &name) || !IsMemberName(name) || name <= before ||
        !absl::ConsumePrefix(&line, ":") || !TakeValue(line)) {
      return false;
    }
    has_action = has_action || name == "action";
    before = name;
  } while (absl::ConsumePrefix(&line, ","));
  return absl::ConsumePrefix(&line, "}") && line.empty() && has_action;
}

}  // namespace tokenvault
