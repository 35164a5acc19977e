#include "server/web_language.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tokenvault {
namespace {

// More than anybody reads, and what is left of a header then is not looked at.
constexpr size_t kMostWishes = 16;

const Messages* FindLocale(absl::string_view locale) {
  for (const Messages& language : PageLanguages()) {
    if (absl::EqualsIgnoreCase(language.locale(), locale)) return &language;
  }
  return nullptr;
}

// RFC 4647 "lookup": "en-GB", then "en".
const Messages* LookUp(absl::string_view range) {
  while (!range.empty()) {
    if (const Messages* found = FindLocale(range)) return found;
    const size_t dash = range.rfind('-');
    range = dash == absl::string_view::npos ? "" : range.substr(0, dash);
  }
  return nullptr;
}

// "de, en-GB;q=0.8" → de, en-GB: the most wanted first, without what is not
// wanted at all.
std::vector<std::string> ByWish(absl::string_view accept_language) {
  std::vector<std::pair<double, std::string>> wishes;
  for (absl::string_view one : absl::StrSplit(accept_language, ',')) {
    if (wishes.size() == kMostWishes) break;
    const std::vector<absl::string_view> parts = absl::StrSplit(one, ';');
    double quality = 1;
    for (size_t i = 1; i < parts.size(); ++i) {
      absl::string_view part = absl::StripAsciiWhitespace(parts[i]);
      if (absl::ConsumePrefix(&part, "q=") &&
          !absl::SimpleAtod(part, &quality)) {
        quality = 0;
      }
    }
    if (quality > 0) {
      wishes.emplace_back(quality, absl::StripAsciiWhitespace(parts[0]));
    }
  }
  std::stable_sort(
      wishes.begin(), wishes.end(),
      [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> ranges;
  for (auto& [quality, range] : wishes) ranges.push_back(std::move(range));
  return ranges;
}

}  // namespace

const Messages* NamedLanguage(absl::string_view ui_locales) {
  const std::vector<absl::string_view> ranges =
      absl::StrSplit(ui_locales, absl::MaxSplits(' ', kMostWishes));
  for (absl::string_view range : ranges) {
    if (const Messages* found = LookUp(range)) return found;
  }
  return nullptr;
}

const Messages& ChooseLanguage(const LanguageWishes& wishes, bool dev_mode) {
  if (const Messages* named = NamedLanguage(wishes.ui_locales)) return *named;
  if (const Messages* before = FindLocale(wishes.chosen_before)) {
    return *before;
  }
  for (const std::string& range : ByWish(wishes.accept_language)) {
    const Messages* found = LookUp(range);
    if (found == nullptr) continue;
    if (found->locale() != kMirrorLocale || dev_mode) return *found;
  }
  return EnglishMessages();
}

}  // namespace tokenvault
