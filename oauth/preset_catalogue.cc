#include "oauth/preset_catalogue.h"

#include <algorithm>
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
#include "oauth/toml_fields.h"

namespace tokenvault {

// Generated from oauth/presets/*.toml.
const std::vector<EmbeddedFile>& EmbeddedPresets();

namespace {

struct Preset {
  std::string name;
  TomlFields fields;
};

std::string TextAt(const TomlFields& fields, const TomlPath& path) {
  auto it = fields.find(path);
  if (it == fields.end()) return "";
  auto* text = std::get_if<std::string>(&it->second.value);
  return text == nullptr ? "" : *text;
}

// Parsed once. They are ours and a test reads each, so none fails here.
const std::vector<Preset>& Presets() {
  static const auto* const kPresets = [] {
    auto* presets = new std::vector<Preset>;
    for (const EmbeddedFile& file : EmbeddedPresets()) {
      auto fields = ReadToml(file.content, file.name);
      if (!fields.ok() || !CheckKeys(*fields, /*in_preset=*/true).ok()) {
        continue;
      }
      presets->push_back({std::string(absl::StripSuffix(file.name, ".toml")),
                          *std::move(fields)});
    }
    std::sort(presets->begin(), presets->end(),
              [](const Preset& a, const Preset& b) { return a.name < b.name; });
    return presets;
  }();
  return *kPresets;
}

absl::StatusOr<const Preset*> FindPreset(const TomlFields& fields,
                                         const std::string& table) {
  const std::string wanted = TextAt(fields, {"preset"});
  auto field = fields.find({"preset"});
  if (field == fields.end()) {
    return errors::ConfigInvalid(
        table, "preset is missing; \"generic-oauth2\" fits any provider");
  }
  std::vector<std::string> names;
  for (const Preset& preset : Presets()) {
    if (preset.name == wanted) return &preset;
    names.push_back(preset.name);
  }
  const std::string nearest = NearestName(wanted, names);
  return errors::ConfigInvalid(
      field->second.where,
      absl::StrCat("there is no preset of that name",
                   nearest.empty()
                       ? ""
                       : absl::StrCat("; did you mean ", nearest, "?")));
}

}  // namespace

std::vector<PresetInfo> ListPresets() {
  std::vector<PresetInfo> list;
  for (const Preset& preset : Presets()) {
    list.push_back({preset.name, TextAt(preset.fields, {"display_name"}),
                    ReadFacts(preset.fields), ReadVars(preset.fields)});
  }
  return list;
}

absl::StatusOr<Provider> MakeProvider(const ProviderConfig& config) {
  ASSIGN_OR_RETURN(
      TomlFields fields,
      ReadTomlElement(config.toml, config.file, "providers", config.index));
  RETURN_IF_ERROR(CheckKeys(fields, /*in_preset=*/false));
  const std::string table =
      absl::StrCat(config.file, ": [[providers]] number ", config.index + 1);
  ASSIGN_OR_RETURN(const Preset* preset, FindPreset(fields, table));
  // The operator's fields are there already, so the preset's do not replace
  // them.
  fields.insert(preset->fields.begin(), preset->fields.end());
  return ReadProvider(
      fields, {config.client_secret, config.allow_http_loopback, table});
}

}  // namespace tokenvault
