#include "vault/provider_access.h"

#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

MetadataRules RulesFor(const Provider& provider, bool dev_mode) {
  return {.pkce = provider.pkce, .allow_http_loopback = dev_mode};
}

}  // namespace

ProviderAccess::ProviderAccess(HttpClient& http, const Clock& clock)
    : clock_(clock), oauth_(http), discovery_(http), jwks_(http) {}

absl::StatusOr<Provider> ProviderAccess::WithEndpoints(const Provider& provider,
                                                       bool dev_mode) {
  if (!provider.discovery) return provider;
  ASSIGN_OR_RETURN(ServerMetadata metadata,
                   discovery_.Get(provider.issuer, RulesFor(provider, dev_mode),
                                  clock_.Now()));
  Provider complete = provider;
  ApplyMetadata(complete, metadata);
  return complete;
}

absl::StatusOr<Provider> ProviderAccess::ForSignIn(const Tenant& tenant,
                                                   bool dev_mode) {
  Provider provider;
  provider.id = ProviderId(absl::StrCat("sign-in-", tenant.id.value));
  provider.issuer = tenant.identity.issuer;
  provider.discovery = true;
  provider.client_id = tenant.identity.client_id;
  provider.client_secret = tenant.identity.client_secret;
  provider.client_auth = provider.client_secret == nullptr ? ClientAuth::kNone
                                                           : ClientAuth::kBasic;
  provider.open_scopes = true;
  return WithEndpoints(provider, dev_mode);
}

absl::StatusOr<JwtClaims> ProviderAccess::VerifyIdToken(
    const Provider& provider, const Secret& id_token, const std::string& nonce,
    bool dev_mode) {
  std::optional<JwtPeek> peek = PeekJwt(id_token.Reveal());
  if (!peek.has_value()) return errors::ConnectRefused("id_token_malformed");
  ASSIGN_OR_RETURN(ServerMetadata metadata,
                   discovery_.Get(provider.issuer, RulesFor(provider, dev_mode),
                                  clock_.Now()));
  ASSIGN_OR_RETURN(std::shared_ptr<const Jwks> keys,
                   jwks_.Get(metadata.jwks_uri, peek->kid, clock_.Now()));
  JwtExpectation expected;
  expected.issuer = provider.issuer;
  expected.audience = provider.client_id;
  expected.authorized_party = provider.client_id;
  expected.nonce = nonce;
  std::variant<JwtClaims, JwtProblem> verdict =
      VerifyJwt(id_token.Reveal(), *keys, expected, clock_.Now());
  if (auto* problem = std::get_if<JwtProblem>(&verdict)) {
    return errors::ConnectRefused(
        absl::StrCat("id_token_", JwtProblemName(*problem)));
  }
  return std::get<JwtClaims>(std::move(verdict));
}

}  // namespace tokenvault
