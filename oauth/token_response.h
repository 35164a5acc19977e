#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/scope_set.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"

// Reads what a token endpoint says. Pure: no clock, no network.
namespace tokenvault {

// Of a token that nobody ends. Longer ones are mistakes.
inline constexpr absl::Duration kLongestLife = absl::Hours(24 * 365 * 10);

struct TokenResponse {
  Secret access_token;
  Secret refresh_token;    // empty when the answer has none: keep the old one
  std::string token_type;  // always "Bearer"
  // Nothing when absent, unreadable, not positive or beyond ten years.
  std::optional<absl::Duration> expires_in;
  // Nothing when absent, which means "as asked" (RFC 6749 §5.1).
  std::optional<ScopeSet> scope;
  Secret id_token;
  // The objects a narrowed token is for, by Provider::exchange_restrictions.
  // Nothing when the answer does not say.
  std::optional<std::vector<std::string>> restricted_to;
  std::string issued_token_type;
  std::map<std::string, std::string> captured;  // Provider::capture

  // How long the access token lives, counted from when the request left.
  absl::Duration Lifetime(const Provider& provider) const {
    return expires_in.value_or(provider.expires_source == ExpirySource::kNever
                                   ? kLongestLife
                                   : provider.expires_default);
  }
  // What was granted when `asked` was asked for.
  ScopeSet GrantedScopes(const Provider& provider, const ScopeSet& asked) const;
};

// JSON or form-encoded, whichever it is. Quotes nothing of the answer: an error
// code appears in a status only if RFC 6749 or the preset knows it.
//
// GRANT_GONE              invalid_grant and errors.grant_gone
// PROVIDER_MISCONFIGURED  invalid_client, unauthorized_client and
//                         errors.app_misconfigured
// PROVIDER_REFUSED        any other error, such as invalid_scope
// PROVIDER_RATE_LIMITED   429
// PROVIDER_UNREACHABLE    5xx ("http_503") and errors.transient; maybe_sent
// PROVIDER_ANSWER_INVALID "html", "empty", "too_large", "not_json",
//                         "duplicate_key", "too_deep", "redirect", "no_token",
//                         "token_characters", "token_type"
//
// `now` is for answers that say when, not how long.
absl::StatusOr<TokenResponse> ParseTokenResponse(
    const Provider& provider, const HttpResponse& response,
    absl::Time now = absl::InfinitePast());

// The refresh token of a successful answer that is otherwise of no use (no
// access token, one of another type, an error beside it): it may be the only
// one that still works. Empty when there is none.
Secret SalvageRefreshToken(const Provider& provider,
                           const HttpResponse& response);

}  // namespace tokenvault
