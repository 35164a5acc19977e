#include "vault/provider_access.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

MetadataRules RulesFor(const Provider& provider, bool dev_mode) {
  return {.pkce = provider.pkce, .allow_http_loopback = dev_mode};
}

}  // namespace

bool IsOfAnotherIssuer(const Connection& connection, const Provider& provider) {
  return provider.discovery && !provider.issuer.empty() &&
         !connection.issuer.empty() && connection.issuer != provider.issuer;
}

ProviderAccess::ProviderAccess(HttpClient& http, const Clock& clock)
    : clock_(clock),
      http_(http),
      oauth_(http),
      discovery_(http),
      resources_(http),
      jwks_(http) {}

absl::StatusOr<Provider> ProviderAccess::WithEndpoints(const Provider& provider,
                                                       bool dev_mode) {
  if (!provider.discovery) return provider;
  const MetadataRules rules = RulesFor(provider, dev_mode);
  Provider complete = provider;
  if (!provider.protected_resource.empty()) {
    ASSIGN_OR_RETURN(
        const ResourceMetadata resource,
        resources_.Get(provider.protected_resource, rules, clock_.Now()));
    complete.protected_resource = resource.resource;
    const std::vector<std::string>& servers = resource.authorization_servers;
    if (complete.issuer.empty()) {
      complete.issuer = servers.front();
    } else if (std::find(servers.begin(), servers.end(), complete.issuer) ==
               servers.end()) {
      return errors::ProviderAnswerInvalid(provider.id.value,
                                           "issuer_not_listed");
    }
  }
  ASSIGN_OR_RETURN(const ServerMetadata metadata,
                   discovery_.Get(complete.issuer, rules, clock_.Now()));
  if (complete.client_is_document && !metadata.client_documents) {
    return errors::ProviderMisconfigured(provider.id.value, "client_id_needed");
  }
  ApplyMetadata(complete, metadata);
  return complete;
}

absl::StatusOr<Provider> ProviderAccess::WithEndpointsFor(
    const Connection& connection, const Provider& provider, bool dev_mode) {
  if (IsOfAnotherIssuer(connection, provider)) {
    return errors::GrantGone(provider.id.value);
  }
  ASSIGN_OR_RETURN(Provider complete, WithEndpoints(provider, dev_mode));
  if (IsOfAnotherIssuer(connection, complete)) {
    return errors::ProviderMisconfigured(provider.id.value, "issuer_changed");
  }
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
    bool dev_mode, const std::string& groups_claim) {
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
  expected.groups_claim = groups_claim;
  std::variant<JwtClaims, JwtProblem> verdict =
      VerifyJwt(id_token.Reveal(), *keys, expected, clock_.Now());
  if (auto* problem = std::get_if<JwtProblem>(&verdict)) {
    return errors::ConnectRefused(
        absl::StrCat("id_token_", JwtProblemName(*problem)));
  }
  return std::get<JwtClaims>(std::move(verdict));
}

}  // namespace tokenvault
