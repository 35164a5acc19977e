// A configuration of any bytes is read or refused with CONFIG_INVALID, in dev
// and outside of it. Whoever writes one may not be its operator: a template, a
// merge, an agent.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/errors.h"
#include "crypto/random.h"
#include "oauth/preset_catalogue.h"
#include "server/config.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return tokenvault::InitCrypto().ok() ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string toml(reinterpret_cast<const char*>(data), size);
  // The same bytes as somebody's preset.
  tokenvault::PresetCatalogue presets = tokenvault::PresetCatalogue::BuiltIn();
  const absl::Status added = presets.Add("presets.d/fuzz.toml", toml);
  if (!added.ok() && tokenvault::ReasonOf(added) != "CONFIG_INVALID") {
    std::abort();
  }
  tokenvault::ProviderConfig provider;
  provider.toml =
      "[[providers]]\nid = \"p\"\npreset = \"fuzz\"\nclient_id = \"c\"\n";
  const absl::Status made = presets.Make(provider).status();
  if (!made.ok() && tokenvault::ReasonOf(made) != "CONFIG_INVALID") {
    std::abort();
  }
  for (bool dev : {false, true}) {
    tokenvault::ParseOptions options;
    options.dev = dev;
    auto config = tokenvault::ParseConfig({{"fuzz.toml", toml}}, options);
    if (config.ok()) {
      // What was read once reads the same again.
      auto again = tokenvault::ParseConfig({{"fuzz.toml", toml}}, options);
      if (!again.ok() || again->generation != config->generation ||
          !tokenvault::KeysThatNeedRestart(*config, *again).empty()) {
        std::abort();
      }
    } else if (tokenvault::ReasonOf(config.status()) != "CONFIG_INVALID") {
      std::abort();
    }
  }
  return 0;
}
