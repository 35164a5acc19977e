#pragma once

#include <string>

#include "absl/time/time.h"
#include "base/ids.h"
#include "oauth/token_request.h"
#include "storage/records.h"
#include "vault/directory.h"

// What a provider is told besides the token itself. Pure.
namespace tokenvault {

// Where the vault serves the document about itself: the client_id at servers
// that know a client by that (CIMD).
inline constexpr char kClientDocumentPath[] = "/.well-known/oauth-client.json";

// "default.google": the <ctx> of /cb/<ctx>, one for each tenant and provider,
// so that a code meant for one context is worth nothing in another.
std::string CallbackContext(const TenantId& tenant, const ProviderId& provider);
// "/cb/default.google": register public_url + this at the provider.
std::string CallbackPath(const TenantId& tenant, const ProviderId& provider);
// All of it: "https://connect.example.com/cb/default.google".
std::string CallbackUrl(const Directory& directory, const TenantId& tenant,
                        const ProviderId& provider);

// For a call about `connection` at `now`.
TokenCall CallAbout(const Directory& directory, const Connection& connection,
                    absl::Time now);

}  // namespace tokenvault
