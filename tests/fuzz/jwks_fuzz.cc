#include <cstddef>
#include <cstdint>
#include <string>

#include "base/errors.h"
#include "oauth/jwks.h"
#include "oauth/jws_signature.h"

// Any bytes as a key set. What is kept must be a usable key that does not
// accept nonsense.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto set = tokenvault::ParseJwks({reinterpret_cast<const char*>(data), size},
                                   "issuer.example");
  if (!set.ok()) {
    if (tokenvault::ReasonOf(set.status()) != "PROVIDER_ANSWER_INVALID") {
      __builtin_trap();
    }
    return 0;
  }
  for (const tokenvault::Jwk& jwk : set->keys) {
    if (jwk.key == nullptr) __builtin_trap();
    for (const std::string& signature :
         {std::string(), std::string(64, '\0'), std::string(256, '\x01')}) {
      if (tokenvault::VerifySignature(jwk, "text", signature)) {
        __builtin_trap();
      }
    }
  }
  return 0;
}
