#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/scope_set.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"
#include "oauth/token_request.h"
#include "oauth/token_response.h"

namespace tokenvault {

struct AuthorizationRequest {
  ScopeSet scopes;  // as the provider names them; the offline scope is added
  std::string redirect_uri;
  std::string state;
  std::string code_challenge;  // S256; left out where Provider::pkce is kOff
  std::string nonce;           // OpenID: bound into the id_token; or ""
  std::vector<std::pair<std::string, std::string>>
      extra;  // "prompt", "max_age"
};

// Who a grant belongs to at the provider: outside text, for people to read.
struct Account {
  std::string id;     // the provider's stable id
  std::string label;  // "ana@example.com", or the id when there is no better
};

enum class RevocationOutcome { kRevoked, kUnsupported };

// The OAuth client: RFC 6749, 7009, 7636, 8693, and nothing about who may.
//
// Each method makes one HTTP request and reads its answer, but where the preset
// wants more: a lifetime that has to be asked for (ExpirySource::kIntrospect),
// a first token that has to be changed for the real one (oauth/adapter.h). No
// request is ever sent twice.
// Errors are those of HttpClient::Send, MakeTokenRequest and
// ParseTokenResponse, with the provider's id in place of the host. What `call`
// must hold is a matter of the preset: see TokenCall. Stateless, thread-safe;
// blocks as HttpClient does.
class OAuthClient {
 public:
  explicit OAuthClient(HttpClient& http) : http_(http) {}

  // Where to send the browser. Makes no request.
  std::string AuthorizationUrl(const Provider& provider,
                               const AuthorizationRequest& request) const;

  // `verifier` is empty only where Provider::pkce is kOff.
  absl::StatusOr<TokenResponse> ExchangeCode(const Provider& provider,
                                             const Secret& code,
                                             const Secret& verifier,
                                             absl::string_view redirect_uri,
                                             const TokenCall& call = {});

  // `scopes` narrows the token where the provider can
  // (Narrowing::kRefreshScope) and is not sent elsewhere; empty asks for all of
  // the grant. With ExpirySource::kNever `refresh_token` is the access token
  // that was kept, and comes back without a request.
  absl::StatusOr<TokenResponse> Refresh(const Provider& provider,
                                        const Secret& refresh_token,
                                        const ScopeSet& scopes = {},
                                        absl::string_view resource = "",
                                        const TokenCall& call = {});

  // Refresh in steps, for a caller that lands the raw answer before reading it
  // with ParseTokenResponse, and keeps the refresh token before anything else
  // is asked.
  absl::StatusOr<HttpResponse> SendRefresh(const Provider& provider,
                                           const Secret& refresh_token,
                                           const ScopeSet& scopes = {},
                                           absl::string_view resource = "",
                                           const TokenCall& call = {});
  // Adds `call`'s hints, and asks how long the token lives where the preset
  // wants that (ExpirySource::kIntrospect). No answer costs nothing but that:
  // the tokens are there, and the preset has a default.
  void Complete(const Provider& provider, TokenResponse& response,
                const TokenCall& call);

  // A narrower token: by RFC 8693, or as the preset's adapter knows; nothing
  // where the token that there is will do. `resource` and `audience` may be
  // empty. PROVIDER_ANSWER_INVALID, "not_narrowed", when
  // the preset can see that the provider passed `resource` over; FIELD_INVALID
  // where an adapter cannot make anything of them.
  absl::StatusOr<std::optional<TokenResponse>> ExchangeToken(
      const Provider& provider, const Secret& subject_token,
      const ScopeSet& scopes, absl::string_view resource,
      absl::string_view audience, const TokenCall& call = {});

  // `token_type_hint`: "refresh_token" or "access_token". kUnsupported when the
  // preset knows no way. A token the provider does not know counts as revoked.
  // Where only an access token can be revoked (RevokesByAccessToken), `token`
  // is one: to fetch it may use the refresh token up, so that is for who can
  // keep the next one.
  absl::StatusOr<RevocationOutcome> Revoke(const Provider& provider,
                                           const Secret& token,
                                           absl::string_view token_type_hint,
                                           const TokenCall& call = {});

  // GETs the token endpoint, with nothing in it: what matters of the answer is
  // that there is one, when it came and how long its certificate is good.
  absl::StatusOr<HttpResponse> Greet(const Provider& provider);

  // Asks account_url who the token belongs to. PROVIDER_ANSWER_INVALID
  // ("no_account") when it does not say; GRANT_GONE when it refuses the token.
  // An empty Account when the preset has no account_url.
  absl::StatusOr<Account> FetchAccount(const Provider& provider,
                                       const Secret& access_token);

 private:
  // Wipes the request's URL, which may hold a token.
  absl::StatusOr<HttpResponse> Send(const Provider& provider,
                                    HttpRequest request);
  // A request for a token, and what its answer says.
  absl::StatusOr<TokenResponse> Ask(const Provider& provider,
                                    HttpRequest request, const TokenCall& call);

  HttpClient& http_;
};

}  // namespace tokenvault
