#include "oauth/var_pattern.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

// Longer than any value.
constexpr int kMany = 255;

bool IsPlain(char c) { return IsUnreserved(c) && c != '.'; }

// After the "[", up to and with the "]".
bool ParseClass(absl::string_view& text, std::string& characters) {
  const size_t end = text.find(']');
  if (end == 0 || end == absl::string_view::npos) return false;
  const absl::string_view inside = text.substr(0, end);
  text.remove_prefix(end + 1);
  for (size_t i = 0; i < inside.size(); ++i) {
    if (!IsPlain(inside[i]) && inside[i] != '.') return false;
    if (i + 2 < inside.size() && inside[i + 1] == '-') {
      if (!IsPlain(inside[i + 2]) || inside[i] > inside[i + 2]) return false;
      for (char c = inside[i]; c <= inside[i + 2]; ++c) {
        if (IsPlain(c)) characters += c;
      }
      i += 2;
    } else {
      characters += inside[i];
    }
  }
  return true;
}

// "{2}", "{2,5}"; after the "{".
bool ParseCount(absl::string_view& text, int& least, int& most) {
  const size_t end = text.find('}');
  if (end == absl::string_view::npos) return false;
  const std::pair<absl::string_view, absl::string_view> bounds =
      absl::StrSplit(text.substr(0, end), absl::MaxSplits(',', 1));
  const bool one = text.substr(0, end).find(',') == absl::string_view::npos;
  text.remove_prefix(end + 1);
  return absl::SimpleAtoi(bounds.first, &least) &&
         absl::SimpleAtoi(one ? bounds.first : bounds.second, &most) &&
         least >= 0 && least <= most && most > 0 && most <= kMany;
}

}  // namespace

bool VarPattern::ParseItem(absl::string_view& text, Item& item) {
  if (absl::ConsumePrefix(&text, "[")) {
    if (!ParseClass(text, item.characters)) return false;
  } else if (absl::ConsumePrefix(&text, "\\.")) {
    item.characters.push_back('.');
  } else if (IsPlain(text.front())) {
    item.characters = std::string(text.substr(0, 1));
    text.remove_prefix(1);
  } else {
    return false;
  }
  if (absl::ConsumePrefix(&text, "?")) {
    item.least = 0;
  } else if (absl::ConsumePrefix(&text, "*")) {
    item.least = 0;
    item.most = kMany;
  } else if (absl::ConsumePrefix(&text, "+")) {
    item.most = kMany;
  } else if (absl::ConsumePrefix(&text, "{")) {
    return ParseCount(text, item.least, item.most);
  }
  return true;
}

std::optional<VarPattern> VarPattern::Parse(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "^") || !absl::ConsumeSuffix(&text, "$")) {
    return std::nullopt;
  }
  VarPattern pattern;
  for (absl::string_view part : absl::StrSplit(text, '|')) {
    if (part.empty()) return std::nullopt;
    Items items;
    while (!part.empty()) {
      if (!ParseItem(part, items.emplace_back())) return std::nullopt;
    }
    pattern.alternatives_.push_back(std::move(items));
  }
  return pattern;
}

bool VarPattern::MatchFrom(const Items& items, size_t at,
                           absl::string_view value) {
  if (at == items.size()) return value.empty();
  const Item& item = items[at];
  size_t longest = 0;
  while (longest < value.size() && longest < static_cast<size_t>(item.most) &&
         item.characters.find(value[longest]) != std::string::npos) {
    ++longest;
  }
  for (size_t taken = longest + 1; taken-- > static_cast<size_t>(item.least);) {
    if (MatchFrom(items, at + 1, value.substr(taken))) return true;
  }
  return false;
}

bool VarPattern::Matches(absl::string_view value) const {
  return std::any_of(
      alternatives_.begin(), alternatives_.end(),
      [&](const Items& items) { return MatchFrom(items, 0, value); });
}

}  // namespace tokenvault
