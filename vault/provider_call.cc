#include "vault/provider_call.h"

#include "absl/strings/str_cat.h"

namespace tokenvault {

std::string CallbackContext(const TenantId& tenant,
                            const ProviderId& provider) {
  return absl::StrCat(tenant.value, ".", provider.value);
}

std::string CallbackPath(const TenantId& tenant, const ProviderId& provider) {
  return absl::StrCat("/cb/", CallbackContext(tenant, provider));
}

std::string CallbackUrl(const Directory& directory, const TenantId& tenant,
                        const ProviderId& provider) {
  return absl::StrCat(directory.public_url, CallbackPath(tenant, provider));
}

TokenCall CallAbout(const Directory& directory, const Connection& connection,
                    absl::Time now) {
  TokenCall call;
  call.now = now;
  call.redirect_uri =
      CallbackUrl(directory, connection.tenant, connection.provider);
  call.hints = connection.endpoint_hints;
  return call;
}

}  // namespace tokenvault
