#include "oauth/provider_variables.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/var_pattern.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxLabel = 63;  // of a host name

bool IsHostLabel(absl::string_view value) {
  return !value.empty() && value.size() <= kMaxLabel && value.front() != '-' &&
         value.back() != '-' &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  c == '-';
         });
}

bool IsAllowed(absl::string_view value, const VarPattern& pattern) {
  return value != "." && !absl::StrContains(value, "..") &&
         pattern.Matches(value);
}

}  // namespace

absl::StatusOr<ProviderVariables> ProviderVariables::Read(
    const TomlFields& fields, absl::string_view where) {
  ProviderVariables result;
  const std::vector<std::string> declared = ReadVars(fields);
  for (const auto& [path, field] : fields) {
    if (path[0] == "vars" && path.size() == 2 &&
        std::find(declared.begin(), declared.end(), path[1]) ==
            declared.end()) {
      return errors::ConfigInvalid(
          field.where, absl::StrCat("this preset has no variable ", path[1]));
    }
  }
  for (const std::string& name : declared) {
    auto given = fields.find({"vars", name});
    if (given == fields.end()) {
      return errors::ConfigInvalid(where,
                                   absl::StrCat("vars.", name, " is missing"));
    }
    const std::optional<VarPattern> pattern =
        VarPattern::Parse(TextAt(fields, {"vars", name, "pattern"}));
    const std::string value = TextAt(fields, {"vars", name});
    if (!pattern.has_value() || !IsAllowed(value, *pattern)) {
      return errors::ConfigInvalid(
          given->second.where,
          absl::StrCat("vars.", name, " must look like \"",
                       TextAt(fields, {"vars", name, "example"}), "\""));
    }
    result.variables_.push_back(
        {absl::StrCat("{", name, "}"), value, given->second.where});
  }
  return result;
}

void ProviderVariables::Add(absl::string_view name, std::string value) {
  variables_.push_back({absl::StrCat("{", name, "}"), std::move(value), ""});
}

absl::StatusOr<std::string> ProviderVariables::Fill(
    absl::string_view url) const {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == absl::string_view::npos ? 0 : scheme + 3;
  const absl::string_view host = url.substr(
      begin, std::min(url.find_first_of("/?#", begin), url.size()) - begin);
  std::string filled(url);
  for (const Variable& variable : variables_) {
    if (absl::StrContains(host, variable.name) &&
        !IsHostLabel(variable.value)) {
      return errors::ConfigInvalid(
          variable.where,
          "is a part of a host name: letters, digits and hyphens only");
    }
    filled = absl::StrReplaceAll(filled, {{variable.name, variable.value}});
  }
  return filled;
}

absl::Status CheckVars(const TomlFields& preset) {
  for (const std::string& name : ReadVars(preset)) {
    const std::optional<VarPattern> pattern =
        VarPattern::Parse(TextAt(preset, {"vars", name, "pattern"}));
    if (pattern.has_value() &&
        IsAllowed(TextAt(preset, {"vars", name, "example"}), *pattern)) {
      continue;
    }
    const std::string& where = preset.lower_bound({"vars", name})->second.where;
    return errors::ConfigInvalid(
        where, absl::StrCat("vars.", name,
                            pattern.has_value()
                                ? " needs an example that its pattern matches"
                                : " needs a pattern such as \"^[a-z0-9-]+$\""));
  }
  return absl::OkStatus();
}

std::vector<std::string> ReadVars(const TomlFields& fields) {
  std::vector<std::string> names;
  for (const auto& [path, field] : fields) {
    if (path[0] == "vars" && path.size() == 3 &&
        (names.empty() || names.back() != path[1])) {
      names.push_back(path[1]);
    }
  }
  return names;
}

}  // namespace tokenvault
