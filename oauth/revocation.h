#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"
#include "oauth/token_request.h"

// How a token is taken back, in the five styles there are. Pure.
namespace tokenvault {

// Where the token goes in the URL of a provider with RevocationStyle::kPath.
inline constexpr char kTokenPlace[] = "{token}";

// Whether the provider takes an access token where we hold a refresh token, so
// that one has to be fetched first. Where the access token itself is what is
// kept (ExpirySource::kNever), it is there already.
bool RevokesByAccessToken(const Provider& provider);

// Nothing when the preset knows no way. Errors of MakeTokenRequest. With
// RevocationStyle::kPath the URL is a secret.
absl::StatusOr<std::optional<HttpRequest>> MakeRevocationRequest(
    const Provider& provider, const Secret& token,
    absl::string_view token_type_hint, const TokenCall& call);

// OK when the token is gone, now or before. Errors of ParseTokenResponse.
absl::Status ReadRevocation(const Provider& provider,
                            const HttpResponse& answer);

}  // namespace tokenvault
