#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "oauth/provider.h"
#include "oauth/toml_fields.h"

// The tables of a provider whose names are whoever's who wrote them, from
// fields that passed CheckKeys. CONFIG_INVALID, at the field, for values of
// another kind.
namespace tokenvault {

// scopes."ALIAS". One without a value is its own.
absl::StatusOr<std::vector<ScopeInfo>> ReadScopes(const TomlFields& fields);

// authorize_params, token_params, refresh_params. An empty value takes a
// preset's parameter away.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadParams(
    const TomlFields& fields, absl::string_view table);

// facts.NAME, which only presets have.
std::vector<ProviderFact> ReadFacts(const TomlFields& fields);

}  // namespace tokenvault
