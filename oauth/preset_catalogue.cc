#include "oauth/preset_catalogue.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/embedded.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/nearest_name.h"
#include "oauth/provider_fields.h"
#include "oauth/provider_schema.h"
#include "oauth/provider_variables.h"

namespace tokenvault {

// Generated from oauth/presets/*.toml.
const std::vector<EmbeddedFile>& EmbeddedPresets();

namespace {

// "/etc/tokenvault/presets.d/acme.toml" → "acme"
std::string NameOf(absl::string_view file) {
  return std::string(
      absl::StripSuffix(file.substr(file.rfind('/') + 1), ".toml"));
}

// What an operator would have to say, as the preset's examples say it.
Provider SampleOf(const std::string& name, const TomlFields& preset) {
  TomlFields fields = preset;
  auto put = [&](TomlPath path, std::string text) {
    fields.insert({std::move(path), TomlField{std::move(text), name}});
  };
  for (const std::string& var : ReadVars(preset)) {
    put({"vars", var}, TextAt(preset, {"vars", var, "example"}));
  }
  put({"id"}, "sample");
  put({"preset"}, name);
  put({"client_id"}, "sample");
  for (const char* url : {"issuer", "authorize_url", "token_url"}) {
    put({url}, "https://provider.example");
  }
  fields[{"client_auth"}] = TomlField{std::string("none"), name};
  ProviderRules rules;
  rules.allow_http_loopback = true;
  rules.where = name;
  auto sample = ReadProvider(fields, rules);
  return sample.ok() ? *std::move(sample) : Provider();
}

}  // namespace

const PresetCatalogue& PresetCatalogue::BuiltIn() {
  // They are ours and a test reads each, so none fails here.
  static const auto* const kBuiltIn = [] {
    auto* catalogue = new PresetCatalogue;
    for (const EmbeddedFile& file : EmbeddedPresets()) {
      catalogue->Add(file.name, file.content).IgnoreError();
    }
    return catalogue;
  }();
  return *kBuiltIn;
}

absl::Status PresetCatalogue::Add(absl::string_view file,
                                  absl::string_view toml) {
  const std::string name = NameOf(file);
  if (!IsProviderId(name)) {
    return errors::ConfigInvalid(
        file,
        "the name of a preset's file must be lower-case letters, digits and "
        "hyphens, and .toml");
  }
  if (presets_.count(name) != 0) {
    return errors::ConfigInvalid(
        file, "there is a preset of that name already: rename the file");
  }
  ASSIGN_OR_RETURN(TomlFields fields, ReadToml(toml, file));
  RETURN_IF_ERROR(CheckKeys(fields, /*in_preset=*/true));
  RETURN_IF_ERROR(CheckVars(fields));
  presets_.emplace(name, std::make_shared<const TomlFields>(std::move(fields)));
  return absl::OkStatus();
}

std::vector<PresetInfo> PresetCatalogue::List() const {
  std::vector<PresetInfo> list;
  for (const auto& [name, preset] : presets_) {
    const TomlFields& fields = *preset;
    PresetInfo info;
    info.name = name;
    for (const std::string& var : ReadVars(fields)) {
      info.vars.push_back({var, TextAt(fields, {"vars", var, "example"}),
                           TextAt(fields, {"vars", var, "says"})});
    }
    info.sample = SampleOf(name, fields);
    info.sample.display_name = TextAt(fields, {"display_name"});
    list.push_back(std::move(info));
  }
  return list;
}

absl::StatusOr<const TomlFields*> PresetCatalogue::Find(
    const TomlFields& table, const std::string& where) const {
  auto field = table.find({"preset"});
  if (field == table.end()) {
    return errors::ConfigInvalid(
        where, "preset is missing; \"generic-oauth2\" fits any provider");
  }
  const std::string wanted = TextAt(table, {"preset"});
  auto preset = presets_.find(wanted);
  if (preset != presets_.end()) return preset->second.get();
  std::vector<std::string> names;
  for (const auto& [name, unused] : presets_) names.push_back(name);
  const std::string nearest = NearestName(wanted, names);
  return errors::ConfigInvalid(
      field->second.where,
      absl::StrCat("there is no preset of that name",
                   nearest.empty()
                       ? ""
                       : absl::StrCat("; did you mean ", nearest, "?")));
}

absl::StatusOr<Provider> PresetCatalogue::Make(
    const ProviderConfig& config) const {
  ASSIGN_OR_RETURN(
      TomlFields fields,
      ReadTomlElement(config.toml, config.file, "providers", config.index));
  RETURN_IF_ERROR(CheckKeys(fields, /*in_preset=*/false));
  const std::string table =
      absl::StrCat(config.file, ": [[providers]] number ", config.index + 1);
  ASSIGN_OR_RETURN(const TomlFields* preset, Find(fields, table));
  // The operator's fields are there already, so the preset's do not replace
  // them.
  fields.insert(preset->begin(), preset->end());
  ProviderRules rules;
  rules.client_secret = config.client_secret;
  rules.allow_http_loopback = config.allow_http_loopback;
  rules.client_document_url = config.client_document_url;
  rules.where = table;
  return ReadProvider(fields, rules);
}

}  // namespace tokenvault
