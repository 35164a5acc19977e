#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "oauth/discovery.h"
#include "oauth/http_client.h"
#include "oauth/jwks.h"
#include "oauth/jwt_verifier.h"
#include "oauth/oauth_client.h"
#include "vault/directory.h"

namespace tokenvault {

// The way to authorization servers: the OAuth client, and what has to be looked
// up before it can be used. Thread-safe; may block on the network.
class ProviderAccess {
 public:
  ProviderAccess(HttpClient& http, const Clock& clock);

  OAuthClient& oauth() { return oauth_; }

  // `provider` with its endpoints: as configured, or from the issuer's metadata
  // when the preset says so. Errors of DiscoveryCache::Get, under the
  // provider's id.
  absl::StatusOr<Provider> WithEndpoints(const Provider& provider,
                                         bool dev_mode);

  // A tenant's identity provider as a Provider, endpoints and all.
  absl::StatusOr<Provider> ForSignIn(const Tenant& tenant, bool dev_mode);

  // The claims of an id_token: signature, issuer, audience, expiry and nonce
  // are checked. CONNECT_REFUSED with check "id_token_<problem>".
  absl::StatusOr<JwtClaims> VerifyIdToken(const Provider& provider,
                                          const Secret& id_token,
                                          const std::string& nonce,
                                          bool dev_mode);

 private:
  const Clock& clock_;
  OAuthClient oauth_;
  DiscoveryCache discovery_;
  JwksCache jwks_;
};

}  // namespace tokenvault
