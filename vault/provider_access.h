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
#include "oauth/protected_resource.h"
#include "storage/records.h"
#include "vault/directory.h"

namespace tokenvault {

// Whether the configuration sends people to another authorization server than
// the one that gave this grant: then it is good for nothing here.
bool IsOfAnotherIssuer(const Connection& connection, const Provider& provider);

// The way to authorization servers: the OAuth client, and what has to be looked
// up before it can be used. Thread-safe; may block on the network.
class ProviderAccess {
 public:
  ProviderAccess(HttpClient& http, const Clock& clock);

  OAuthClient& oauth() { return oauth_; }
  // For requests that are no part of the protocol, such as an operator's check.
  HttpClient& http() { return http_; }

  // `provider` with its endpoints: as configured, or from the issuer's metadata
  // when the preset says so. Who the issuer is, a protected resource says,
  // unless the configuration does. Errors of DiscoveryCache::Get and
  // ResourceDiscovery::Get; PROVIDER_ANSWER_INVALID "issuer_not_listed" where
  // the two do not agree; PROVIDER_MISCONFIGURED "client_id_needed" where the
  // server takes no client by its document.
  absl::StatusOr<Provider> WithEndpoints(const Provider& provider,
                                         bool dev_mode);

  // The same, for a grant that there is. Its refresh token is for the server
  // that gave it: GRANT_GONE where the configuration names another one now,
  // PROVIDER_MISCONFIGURED "issuer_changed" where nobody but the resource does.
  absl::StatusOr<Provider> WithEndpointsFor(const Connection& connection,
                                            const Provider& provider,
                                            bool dev_mode);

  // A tenant's identity provider as a Provider, endpoints and all.
  absl::StatusOr<Provider> ForSignIn(const Tenant& tenant, bool dev_mode);

  // The claims of an id_token: signature, issuer, audience, expiry and nonce
  // are checked. CONNECT_REFUSED with check "id_token_<problem>".
  absl::StatusOr<JwtClaims> VerifyIdToken(
      const Provider& provider, const Secret& id_token,
      const std::string& nonce, bool dev_mode,
      const std::string& groups_claim = "groups");

 private:
  const Clock& clock_;
  HttpClient& http_;
  OAuthClient oauth_;
  DiscoveryCache discovery_;
  ResourceDiscovery resources_;
  JwksCache jwks_;
};

}  // namespace tokenvault
