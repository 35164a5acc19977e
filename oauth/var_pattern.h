#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// What a variable of a preset may be: a regular expression so small that one
// can see what it lets through.
//
//   pattern = ^ alternative { "|" alternative } $
//   alternative = { item [ "?" | "*" | "+" | "{" number [ "," number ] "}" ] }
//   item = plain | "\." | "[" { plain | "." | plain "-" plain } "]"
//   plain = letter, digit, "-", "_", "~"
//
// No groups, no dot for anything, and always the whole text. What matches holds
// nothing that ends a part of a URL. Matching goes back where it must: patterns
// are ours and values short. Immutable, so thread-safe.
class VarPattern {
 public:
  // Nothing when it is not one of those.
  static std::optional<VarPattern> Parse(absl::string_view text);

  bool Matches(absl::string_view value) const;

 private:
  struct Item {
    std::string characters;  // any of them
    int least = 1;
    int most = 1;
  };
  using Items = std::vector<Item>;

  static bool ParseItem(absl::string_view& text, Item& item);
  static bool MatchFrom(const Items& items, size_t at, absl::string_view value);

  std::vector<Items> alternatives_;
};

}  // namespace tokenvault
