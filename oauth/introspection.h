#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"
#include "oauth/token_request.h"

// RFC 7662, for one purpose: how long an access token lives that came without
// `expires_in`. Pure.
namespace tokenvault {

// Nothing where there is nobody to ask: no introspect_url, or no time to count
// from. Errors of MakeTokenRequest and Adapter::EndpointOf.
absl::StatusOr<std::optional<HttpRequest>> MakeIntrospectionRequest(
    const Provider& provider, const Secret& access_token,
    const TokenCall& call);

// From `now` to the answer's `exp`. Nothing when the answer does not tell: it
// is not JSON, the token is not active, `exp` is not a time to come or further
// off than ten years.
std::optional<absl::Duration> ReadIntrospection(const HttpResponse& answer,
                                                absl::Time now);

}  // namespace tokenvault
