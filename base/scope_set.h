#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// A set of OAuth scopes: sorted, without duplicates or empty words, compared
// byte by byte (RFC 6749 §3.3 scopes are case-sensitive). A value.
class ScopeSet {
 public:
  ScopeSet() = default;
  ScopeSet(std::initializer_list<std::string> scopes);
  explicit ScopeSet(std::vector<std::string> scopes);

  // Splits at any of the characters of `delimiters`.
  static ScopeSet Parse(absl::string_view text,
                        absl::string_view delimiters = " ");

  bool empty() const { return scopes_.empty(); }
  size_t size() const { return scopes_.size(); }
  auto begin() const { return scopes_.begin(); }
  auto end() const { return scopes_.end(); }
  const std::vector<std::string>& values() const { return scopes_; }

  bool Contains(absl::string_view scope) const;
  bool IsSubsetOf(const ScopeSet& other) const;

  ScopeSet Union(const ScopeSet& other) const;
  ScopeSet Minus(const ScopeSet& other) const;
  ScopeSet Intersection(const ScopeSet& other) const;

  std::string ToString(absl::string_view delimiter = " ") const;

  friend bool operator==(const ScopeSet&, const ScopeSet&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ScopeSet& set) {
    return H::combine(std::move(h), set.scopes_);
  }

 private:
  std::vector<std::string> scopes_;
};

}  // namespace tokenvault
