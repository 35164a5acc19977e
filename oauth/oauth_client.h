#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/scope_set.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"
#include "oauth/token_response.h"
#include "oauth/url.h"

namespace tokenvault {

struct AuthorizationRequest {
  ScopeSet scopes;  // as the provider names them; the offline scope is added
  std::string redirect_uri;
  std::string state;
  std::string code_challenge;  // S256; left out where Provider::pkce is kOff
  std::string nonce;           // OpenID: bound into the id_token; or ""
  std::string resource;        // RFC 8707, sent where the provider takes it
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
// Each method makes one HTTP request and reads its answer. Errors are those of
// HttpClient::Send and ParseTokenResponse, with the provider's id in place of
// the host. Stateless, thread-safe; blocks as HttpClient does.
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
                                             absl::string_view redirect_uri);

  // `scopes` narrows the token where the provider can
  // (Narrowing::kRefreshScope) and is not sent elsewhere; empty asks for all of
  // the grant.
  absl::StatusOr<TokenResponse> Refresh(const Provider& provider,
                                        const Secret& refresh_token,
                                        const ScopeSet& scopes = {},
                                        absl::string_view resource = "");

  // Refresh up to the raw answer, for a caller that lands it before reading it
  // with ParseTokenResponse.
  absl::StatusOr<HttpResponse> SendRefresh(const Provider& provider,
                                           const Secret& refresh_token,
                                           const ScopeSet& scopes = {},
                                           absl::string_view resource = "");

  // RFC 8693. `resource` and `audience` may be empty.
  absl::StatusOr<TokenResponse> ExchangeToken(const Provider& provider,
                                              const Secret& subject_token,
                                              const ScopeSet& scopes,
                                              absl::string_view resource,
                                              absl::string_view audience);

  // `token_type_hint`: "refresh_token" or "access_token". kUnsupported when the
  // preset knows no way. A token the provider does not know counts as revoked.
  absl::StatusOr<RevocationOutcome> Revoke(const Provider& provider,
                                           const Secret& token,
                                           absl::string_view token_type_hint);

  // Asks account_url who the token belongs to. PROVIDER_ANSWER_INVALID
  // ("no_account") when it does not say; GRANT_GONE when it refuses the token.
  // An empty Account when the preset has no account_url.
  absl::StatusOr<Account> FetchAccount(const Provider& provider,
                                       const Secret& access_token);

 private:
  absl::StatusOr<HttpResponse> Send(const Provider& provider,
                                    const HttpRequest& request);
  // A request to the token endpoint, with the client's credentials on it.
  absl::StatusOr<HttpResponse> Post(const Provider& provider,
                                    const std::string& url, FormFields fields);

  HttpClient& http_;
};

}  // namespace tokenvault
