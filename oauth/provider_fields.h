#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "oauth/provider.h"
#include "oauth/toml_fields.h"

// From TOML fields to a Provider, by the schema of oauth/provider_schema.h.
namespace tokenvault {

struct ProviderRules {
  std::shared_ptr<const Secret> client_secret;
  bool allow_http_loopback = false;
  // Where the vault serves the document about itself, which is its client_id
  // where a protected resource is given and no client_id.
  std::string client_document_url;
  std::string where;  // for what is missing
};

// Fields that passed CheckKeys, preset and operator's merged, as a Provider.
// CONFIG_INVALID for values of another kind, and for what is missing.
absl::StatusOr<Provider> ReadProvider(const TomlFields& fields,
                                      const ProviderRules& rules);

// Lower-case letters, digits and hyphens, 63 at most: what the ids of providers
// and the names of presets are made of.
bool IsProviderId(absl::string_view id);

}  // namespace tokenvault
