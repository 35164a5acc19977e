#include "cli/demo_places.h"

#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/list_pages.h"
#include "cli/loopback_http.h"

namespace tokenvault {
namespace {

constexpr char kIssuerKey[] = "providers.demo.issuer";

// Where the demo provider is: what the provider's own URL says or, as it has
// its URLs from discovery, the issuer of the configuration.
absl::StatusOr<LoopbackUrl> FindProvider(Session& session,
                                         const v1::Provider& provider) {
  if (!provider.authorize_url().empty()) {
    return ParseLoopbackUrl(provider.authorize_url());
  }
  ASSIGN_OR_RETURN(v1::GetConfigResponse config,
                   session.daemon().Call(&Channel::Admin::GetConfig,
                                         v1::GetConfigRequest()));
  for (const auto& value : config.values()) {
    if (value.key() != kIssuerKey) continue;
    // A TOML string.
    absl::string_view url = value.value();
    absl::ConsumePrefix(&url, "\"");
    absl::ConsumeSuffix(&url, "\"");
    return ParseLoopbackUrl(url);
  }
  return errors::ResourceDenied(kDemoProvider);
}

}  // namespace

absl::StatusOr<DemoPlaces> FindDemo(Session& session) {
  ASSIGN_OR_RETURN(v1::Status status,
                   session.daemon().Call(&Channel::Admin::GetStatus,
                                         v1::GetStatusRequest()));
  if (!status.dev_mode()) {
    return errors::FieldInvalid(
        "--socket",
        "this daemon serves real people: the demo needs "
        "'tokenvaultd --dev'");
  }
  ASSIGN_OR_RETURN(v1::ListProvidersResponse providers,
                   FetchAllPages<v1::ListProvidersResponse>(
                       v1::ListProvidersRequest(),
                       [&](const v1::ListProvidersRequest& page) {
                         return session.daemon().Call(
                             &Channel::Admin::ListProviders, page);
                       }));
  for (const auto& provider : providers.providers()) {
    if (provider.name() != kDemoProvider) continue;
    ASSIGN_OR_RETURN(LoopbackUrl url, FindProvider(session, provider));
    return DemoPlaces{status.grpc_address(), status.public_url(), url.Origin(),
                      provider.display_name()};
  }
  return errors::ResourceDenied(kDemoProvider);
}

}  // namespace tokenvault
