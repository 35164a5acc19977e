#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"
#include "oauth/url.h"

// Requests to a token endpoint and its like, with our client's credentials on
// them. Pure.
namespace tokenvault {

// What some providers want besides: each member says who.
struct TokenCall {
  // The time, for ClientAuth::kPrivateKeyJwt and ExpirySource::kIntrospect.
  absl::Time now = absl::InfinitePast();
  // Of the consent, for Provider::refresh_redirect_uri.
  std::string redirect_uri;
  // What the callback (oauth/callback_capture.h) and earlier answers left, for
  // adapters; OAuthClient adds them to TokenResponse::captured.
  std::map<std::string, std::string> hints;
};

// What a token shall be no wider than.
struct TokenNarrowing {
  ScopeSet scopes;
  std::string resource;  // RFC 8707; or ""
  std::string audience;  // RFC 8693; or ""
};

// A POST of `fields`, in the preset's body format and with its client_auth.
// Errors of MakeClientAssertion.
absl::StatusOr<HttpRequest> MakeTokenRequest(const Provider& provider,
                                             const std::string& url,
                                             FormFields fields,
                                             const TokenCall& call);

// The refresh of a grant: by the preset's refresh_method, params and adapter.
// INTERNAL when `call` lacks what the preset needs; errors of Adapter, of
// MakeTokenRequest. Nothing was sent, so nothing is lost.
absl::StatusOr<HttpRequest> MakeRefreshRequest(const Provider& provider,
                                               const Secret& refresh_token,
                                               const ScopeSet& scopes,
                                               absl::string_view resource,
                                               const TokenCall& call);

// RFC 8693: a token in exchange for a narrower one.
absl::StatusOr<HttpRequest> MakeExchangeRequest(const Provider& provider,
                                                const Secret& subject_token,
                                                const TokenNarrowing& narrowing,
                                                const TokenCall& call);

// "Basic …", by RFC 6749 §2.3.1; the provider has a secret.
Secret BasicCredentials(const Provider& provider);

Secret JsonBody(const FormFields& fields);

}  // namespace tokenvault
