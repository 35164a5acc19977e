#include "oauth/provider.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "oauth/nearest_name.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxScope = 512;

// RFC 6749 §3.3: visible ASCII without the quote and the backslash. A comma is
// fine there, but not where it separates.
bool IsWellFormed(absl::string_view scope, absl::string_view delimiter) {
  if (scope.empty() || scope.size() > kMaxScope) return false;
  return std::all_of(scope.begin(), scope.end(), [&](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\' &&
           delimiter.find(c) == absl::string_view::npos;
  });
}

}  // namespace

const ScopeInfo* Provider::FindScope(absl::string_view name) const {
  // A value first: an alias never hides what the provider itself says.
  for (const ScopeInfo& scope : scopes) {
    if (scope.value == name) return &scope;
  }
  for (const ScopeInfo& scope : scopes) {
    if (scope.alias == name) return &scope;
  }
  return nullptr;
}

absl::StatusOr<ScopeSet> Provider::ResolveScopes(const ScopeSet& names) const {
  std::vector<std::string> values;
  for (const std::string& name : names) {
    if (!IsWellFormed(name, scope_delimiter)) {
      return errors::FieldInvalid("scopes", "has a word that is not a scope");
    }
    if (const ScopeInfo* scope = FindScope(name); scope != nullptr) {
      values.push_back(scope->value);
    } else if (open_scopes) {
      values.push_back(name);
    } else {
      std::vector<std::string> known;
      for (const ScopeInfo& scope : scopes) {
        known.push_back(scope.alias);
        known.push_back(scope.value);
      }
      return errors::ScopeUnknown(id.value, name, NearestName(name, known));
    }
  }
  return ScopeSet(std::move(values));
}

}  // namespace tokenvault
