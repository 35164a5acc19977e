#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "server/config_sections.h"

namespace tokenvault {

PresetCatalogue ReadPresets(const ConfigContext& context) {
  PresetCatalogue presets = PresetCatalogue::BuiltIn();
  for (const ConfigText& text : context.options.presets) {
    absl::Status status = presets.Add(text.name, text.toml);
    if (!status.ok()) {
      context.report.Problem(status);
      continue;
    }
    // What it says shows where a provider uses it; here, that it changed.
    const size_t slash = text.name.rfind('/');
    const std::string file =
        slash == std::string::npos ? text.name : text.name.substr(slash + 1);
    context.report.effective.push_back(
        {absl::StrCat("presets.", file),
         absl::StrCat("\"sha256:", HexEncode(Sha256(text.toml)).substr(0, 12),
                      "\""),
         text.name});
  }
  return presets;
}

}  // namespace tokenvault
