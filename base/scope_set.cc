#include "base/scope_set.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tokenvault {

ScopeSet::ScopeSet(std::initializer_list<std::string> scopes)
    : ScopeSet(std::vector<std::string>(scopes)) {}

ScopeSet::ScopeSet(std::vector<std::string> scopes)
    : scopes_(std::move(scopes)) {
  std::sort(scopes_.begin(), scopes_.end());
  scopes_.erase(std::unique(scopes_.begin(), scopes_.end()), scopes_.end());
  if (!scopes_.empty() && scopes_.front().empty()) {
    scopes_.erase(scopes_.begin());
  }
}

ScopeSet ScopeSet::Parse(absl::string_view text, absl::string_view delimiters) {
  std::vector<std::string> words =
      absl::StrSplit(text, absl::ByAnyChar(delimiters), absl::SkipEmpty());
  return ScopeSet(std::move(words));
}

bool ScopeSet::Contains(absl::string_view scope) const {
  return std::binary_search(
      scopes_.begin(), scopes_.end(), scope,
      [](absl::string_view a, absl::string_view b) { return a < b; });
}

bool ScopeSet::IsSubsetOf(const ScopeSet& other) const {
  return std::includes(other.begin(), other.end(), begin(), end());
}

ScopeSet ScopeSet::Union(const ScopeSet& other) const {
  ScopeSet result;
  std::set_union(begin(), end(), other.begin(), other.end(),
                 std::back_inserter(result.scopes_));
  return result;
}

ScopeSet ScopeSet::Minus(const ScopeSet& other) const {
  ScopeSet result;
  std::set_difference(begin(), end(), other.begin(), other.end(),
                      std::back_inserter(result.scopes_));
  return result;
}

ScopeSet ScopeSet::Intersection(const ScopeSet& other) const {
  ScopeSet result;
  std::set_intersection(begin(), end(), other.begin(), other.end(),
                        std::back_inserter(result.scopes_));
  return result;
}

std::string ScopeSet::ToString(absl::string_view delimiter) const {
  return absl::StrJoin(scopes_, delimiter);
}

}  // namespace tokenvault
