#include "oauth/provider_tables.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/provider_schema.h"

namespace tokenvault {
namespace {

absl::Status WrongKind(const TomlPath& path, const TomlField& field,
                       absl::string_view wanted) {
  return errors::ConfigInvalid(
      field.where, absl::StrCat(TomlName(path), " must be ", wanted));
}

}  // namespace

absl::StatusOr<std::vector<ScopeInfo>> ReadScopes(const TomlFields& fields) {
  std::map<std::string, ScopeInfo> scopes;
  for (const auto& [path, field] : fields) {
    if (path[0] != "scopes") continue;
    ScopeInfo& scope = scopes[path[1]];
    scope.alias = path[1];
    const std::string* text = std::get_if<std::string>(&field.value);
    if (path[2] == "risk") {
      const auto* risk = std::find_if(
          std::begin(kRisks), std::end(kRisks), [&](const auto& word) {
            return text != nullptr && *text == word.first;
          });
      if (risk == std::end(kRisks)) {
        return WrongKind(path, field, "one of low, medium, high");
      }
      scope.risk = risk->second;
      continue;
    }
    if (text == nullptr || text->empty()) {
      return WrongKind(path, field, "a string");
    }
    (path[2] == "value" ? scope.value : scope.says) = *text;
  }
  std::vector<ScopeInfo> result;
  for (auto& [alias, scope] : scopes) {
    if (scope.value.empty()) scope.value = alias;
    result.push_back(std::move(scope));
  }
  return result;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadParams(
    const TomlFields& fields, absl::string_view table) {
  std::vector<std::pair<std::string, std::string>> params;
  for (const auto& [path, field] : fields) {
    if (path[0] != table || TomlName(path) == "refresh_params.redirect_uri") {
      continue;
    }
    const std::string* text = std::get_if<std::string>(&field.value);
    if (text == nullptr) return WrongKind(path, field, "a string");
    if (!text->empty()) params.emplace_back(path[1], *text);
  }
  return params;
}

std::vector<ProviderFact> ReadFacts(const TomlFields& fields) {
  std::map<std::string, ProviderFact> facts;
  for (const auto& [path, field] : fields) {
    if (path[0] != "facts") continue;
    ProviderFact& fact = facts[path[1]];
    if (auto* list = std::get_if<std::vector<std::string>>(&field.value)) {
      fact.fields = *list;
    } else if (auto* text = std::get_if<std::string>(&field.value)) {
      (path[2] == "source" ? fact.source : fact.verified_on) = *text;
    }
  }
  std::vector<ProviderFact> result;
  result.reserve(facts.size());
  for (auto& [name, fact] : facts) result.push_back(std::move(fact));
  return result;
}

}  // namespace tokenvault
