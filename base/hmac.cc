#include "base/hmac.h"

#include <sodium.h>

namespace tokenvault {

std::string HmacSha256(const Secret& key, absl::string_view text) {
  // libsodium takes no null, also of nothing.
  const auto bytes = [](absl::string_view view) {
    return reinterpret_cast<const unsigned char*>(view.empty() ? ""
                                                               : view.data());
  };
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(key.Reveal()), key.size());
  crypto_auth_hmacsha256_update(&state, bytes(text), text.size());
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_final(&state,
                               reinterpret_cast<unsigned char*>(mac.data()));
  // It is made of the key.
  sodium_memzero(&state, sizeof state);
  return mac;
}

}  // namespace tokenvault
