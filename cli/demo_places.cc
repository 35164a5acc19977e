#include "cli/demo_places.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/list_pages.h"
#include "cli/loopback_http.h"

namespace tokenvault {
namespace {

constexpr char kScope[] = "calendar.read";
constexpr char kCalendar[] = "/calendar";  // the demo's protected resource

// Where the demo provider is: what the provider's own URL says or, as it has
// its URLs from discovery, the issuer of the configuration, or the calendar
// that says who its issuer is.
absl::StatusOr<LoopbackUrl> FindUrl(Session& session, absl::string_view id,
                                    const v1::Provider& provider) {
  if (!provider.authorize_url().empty()) {
    return ParseLoopbackUrl(
        absl::StripSuffix(provider.authorize_url(), "/authorize"));
  }
  ASSIGN_OR_RETURN(v1::GetConfigResponse config,
                   session.daemon().Call(&Channel::Admin::GetConfig,
                                         v1::GetConfigRequest()));
  for (const auto& value : config.values()) {
    const std::string prefix = absl::StrCat("providers.", id, ".");
    if (value.key() != prefix + "issuer" &&
        value.key() != prefix + "protected_resource") {
      continue;
    }
    // A TOML string.
    absl::string_view url = value.value();
    absl::ConsumePrefix(&url, "\"");
    absl::ConsumeSuffix(&url, "\"");
    absl::ConsumeSuffix(&url, kCalendar);
    return ParseLoopbackUrl(url);
  }
  return errors::ResourceDenied(provider.name());
}

std::string ChooseScope(const v1::Provider& provider) {
  for (const auto& scope : provider.scopes()) {
    if (scope.alias() == kScope) return kScope;
  }
  return provider.scopes().empty() ? kScope : provider.scopes(0).alias();
}

}  // namespace

absl::StatusOr<DemoPlaces> FindDemo(Session& session, absl::string_view id) {
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
  const std::string name = absl::StrCat("providers/", id);
  for (const auto& provider : providers.providers()) {
    if (provider.name() != name) continue;
    ASSIGN_OR_RETURN(LoopbackUrl url, FindUrl(session, id, provider));
    DemoPlaces places;
    places.grpc_address = status.grpc_address();
    places.pages_url = status.public_url();
    places.provider = name;
    places.provider_name = provider.display_name();
    places.provider_origin = url.Origin();
    places.provider_url = std::string(absl::StripSuffix(url.ToString(), "/"));
    places.scope = ChooseScope(provider);
    return places;
  }
  return errors::ResourceDenied(name);
}

}  // namespace tokenvault
