#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "oauth/provider.h"
#include "oauth/toml_fields.h"

namespace tokenvault {

// What an operator must say about a provider, as a part of its URLs.
struct PresetVariable {
  std::string name;     // "subdomain"
  std::string example;  // "acme"
  std::string says;     // "what stands before .zendesk.com"
};

struct PresetInfo {
  std::string name;
  std::vector<PresetVariable> vars;
  // What it makes of the examples, for a client without a secret.
  Provider sample;
};

struct ProviderConfig {
  std::string file;  // how errors name the text
  std::string toml;  // the whole file; other tables are not looked at
  size_t index = 0;  // which of its [[providers]] tables
  // What `client_secret_file` of that table held. This floor reads no files.
  std::shared_ptr<const Secret> client_secret;
  // Lets endpoints be plain http on loopback: development only.
  bool allow_http_loopback = false;
  std::string client_document_url;  // as ProviderRules
};

// The presets there are: those that are compiled in (oauth/presets/*.toml) and
// an operator's own, which look the same. A value; thread-safe but for Add.
//
//   PresetCatalogue presets = PresetCatalogue::BuiltIn();
//   RETURN_IF_ERROR(presets.Add("presets.d/acme.toml", toml));
//   ASSIGN_OR_RETURN(Provider work, presets.Make(config));
class PresetCatalogue {
 public:
  static const PresetCatalogue& BuiltIn();

  // `file` names the preset: "…/acme.toml" is "acme". CONFIG_INVALID at
  // "file:line:column" for TOML that does not parse, an unknown key (with the
  // nearest known one), a name that is taken or is none, and a variable without
  // a pattern that its example matches.
  absl::Status Add(absl::string_view file, absl::string_view toml);

  // By name.
  std::vector<PresetInfo> List() const;

  // The preset that the table names, with the table's own fields over it, one
  // by one.
  //
  //   [[providers]]
  //   id = "work"
  //   preset = "microsoft"
  //   client_id = "…"
  //   client_secret_file = "cred:work"
  //   vars.tenant = "72f988bf-…"
  //   scopes."mail.read".says.en = "read your mail"
  //
  // CONFIG_INVALID at "file:line:column" for TOML that does not parse, an
  // unknown preset or key (with the nearest known one), a value of another
  // kind, a URL that is not https, a variable that its pattern does not match,
  // and what is missing.
  absl::StatusOr<Provider> Make(const ProviderConfig& config) const;

 private:
  absl::StatusOr<const TomlFields*> Find(const TomlFields& table,
                                         const std::string& where) const;

  // Shared, so that a copy costs little.
  std::map<std::string, std::shared_ptr<const TomlFields>> presets_;
};

}  // namespace tokenvault
