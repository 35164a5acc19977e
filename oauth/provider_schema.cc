#include "oauth/provider_schema.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/nearest_name.h"

namespace tokenvault {
namespace {

// Keys that the tables above do not fill.
constexpr const char* kOtherKeys[] = {"preset", "adapter", "scope.not_echoed",
                                      "account.scopes"};
constexpr const char* kOperatorKeys[] = {"id", "enabled", "client_secret_file",
                                         "client_key_id"};

std::vector<std::string> KnownNames(bool in_preset) {
  std::vector<std::string> names;
  auto add = [&](const auto& keys) {
    for (const auto& key : keys) names.emplace_back(key.name);
  };
  add(kStrings);
  add(kUrls);
  add(kBools);
  add(kLists);
  add(kDurations);
  for (const char* name :
       {kClientAuth.name, kBody.name, kPkce.name, kRevoke.name, kRotation.name,
        kRefreshMethod.name, kExpirySource.name, kTier.name, kNarrowing.name}) {
    names.emplace_back(name);
  }
  names.insert(names.end(), std::begin(kOtherKeys), std::end(kOtherKeys));
  if (!in_preset) {
    names.insert(names.end(), std::begin(kOperatorKeys),
                 std::end(kOperatorKeys));
  }
  return names;
}

// Tables whose inner names are free: scopes.ALIAS.value, vars.NAME.
bool IsOpenKey(const TomlPath& path, bool in_preset) {
  const size_t depth = path.size();
  if (path[0] == "authorize_params" || path[0] == "token_params" ||
      path[0] == "refresh_params") {
    return depth == 2;
  }
  if (path[0] == "callback") return depth == 3 && path[1] == "allow";
  if (path[0] == "scopes" && depth >= 3) {
    return (depth == 3 && (path[2] == "value" || path[2] == "risk")) ||
           (depth == 4 && path[2] == "says" && path[3] == "en");
  }
  if (path[0] == "vars") {
    return in_preset
               ? depth == 3 && (path[2] == "says" || path[2] == "pattern" ||
                                path[2] == "example")
               : depth == 2;
  }
  if (path[0] == "facts" && in_preset && depth == 3) {
    return path[2] == "fields" || path[2] == "source" ||
           path[2] == "verified_on";
  }
  return false;
}

}  // namespace

absl::Status CheckKeys(const TomlFields& fields, bool in_preset) {
  const std::vector<std::string> known = KnownNames(in_preset);
  for (const auto& [path, field] : fields) {
    const std::string name = TomlName(path);
    if (path[0] == "client_secret" && !in_preset) {
      return errors::ConfigInvalid(
          field.where,
          "a secret does not belong into this file; use client_secret_file");
    }
    if (IsOpenKey(path, in_preset) ||
        std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    const std::string nearest = NearestName(name, known);
    return errors::ConfigInvalid(
        field.where,
        absl::StrCat("unknown key ", name,
                     nearest.empty()
                         ? ""
                         : absl::StrCat("; did you mean ", nearest, "?")));
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
