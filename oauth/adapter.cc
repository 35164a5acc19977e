#include "oauth/adapter.h"

namespace tokenvault {
namespace {

struct Named {
  const char* name;
  const Adapter& (*adapter)();
};
constexpr Named kAdapters[] = {{"github_app_scoped", GithubAppScoped},
                               {"meta_long_lived", MetaLongLived},
                               {"salesforce_introspect", SalesforceIntrospect},
                               {"slack_v2", SlackV2}};

}  // namespace

absl::StatusOr<std::string> Adapter::EndpointOf(
    const Provider& /*provider*/, const std::string& url,
    const TokenCall& /*call*/) const {
  return url;
}

void Adapter::Normalize(nlohmann::json& /*root*/, absl::Time /*now*/) const {}

absl::StatusOr<std::optional<HttpRequest>> Adapter::AfterCode(
    const Provider& /*provider*/, const Secret& /*access_token*/,
    const TokenCall& /*call*/) const {
  return std::nullopt;
}

absl::Status Adapter::CheckNarrowing(const ScopeSet& /*scopes*/,
                                     absl::string_view /*resource*/) const {
  return absl::OkStatus();
}

absl::StatusOr<std::optional<HttpRequest>> Adapter::Narrow(
    const Provider& provider, const Secret& subject_token,
    const TokenNarrowing& narrowing, const TokenCall& call) const {
  return MakeExchangeRequest(provider, subject_token, narrowing, call);
}

const Adapter* FindAdapter(absl::string_view name) {
  for (const Named& named : kAdapters) {
    if (name == named.name) return &named.adapter();
  }
  return nullptr;
}

std::vector<std::string> AdapterNames() {
  std::vector<std::string> names;
  for (const Named& named : kAdapters) names.emplace_back(named.name);
  return names;
}

}  // namespace tokenvault
