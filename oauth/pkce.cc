#include "oauth/pkce.h"

#include "base/encoding.h"
#include "base/hash.h"

namespace tokenvault {

std::string PkceChallenge(absl::string_view verifier) {
  return Base64UrlEncode(Sha256(verifier));
}

Pkce NewPkce(absl::string_view entropy32) {
  // 32 bytes make the 43 characters RFC 7636 §4.1 asks for at least.
  Pkce pkce;
  pkce.verifier = Secret(Base64UrlEncode(entropy32));
  pkce.challenge = PkceChallenge(pkce.verifier.Reveal());
  return pkce;
}

}  // namespace tokenvault
