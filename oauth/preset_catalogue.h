#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "oauth/provider.h"

// The presets that are compiled in (oauth/presets/*.toml), and how one of them
// and an operator's [[providers]] table become a Provider.
namespace tokenvault {

struct PresetInfo {
  std::string name;
  std::string display_name;
  std::vector<ProviderFact> facts;
  std::vector<std::string> vars;  // what `vars.*` an operator must give
};

// By name.
std::vector<PresetInfo> ListPresets();

struct ProviderConfig {
  std::string file;  // how errors name the text
  std::string toml;  // the whole file; other tables are not looked at
  size_t index = 0;  // which of its [[providers]] tables
  // What `client_secret_file` of that table held. This floor reads no files.
  std::shared_ptr<const Secret> client_secret;
  // Lets endpoints be plain http on loopback: development only.
  bool allow_http_loopback = false;
};

// The preset the table names, with the table's own fields over it, one by one.
//
//   [[providers]]
//   id = "work"
//   preset = "microsoft"
//   client_id = "…"
//   client_secret_file = "cred:work"
//   vars.tenant = "72f988bf-…"
//   scopes."mail.read".says.en = "read your mail"
//
// CONFIG_INVALID at "file:line:column" for TOML that does not parse, an unknown
// preset or key (with the nearest known one), a value of another kind, a URL
// that is not https, a variable that is not one plain label, and what is
// missing.
absl::StatusOr<Provider> MakeProvider(const ProviderConfig& config);

}  // namespace tokenvault
