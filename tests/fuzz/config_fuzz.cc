// A configuration of any bytes is read or refused with CONFIG_INVALID, in dev
// and outside of it. Whoever writes one may not be its operator: a template, a
// merge, an agent.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/errors.h"
#include "crypto/random.h"
#include "server/config.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  return tokenvault::InitCrypto().ok() ? 0 : 1;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string toml(reinterpret_cast<const char*>(data), size);
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
