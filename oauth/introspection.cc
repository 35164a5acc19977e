#include "oauth/introspection.h"

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "base/status_macros.h"
#include "oauth/adapter.h"
#include "oauth/strict_json.h"
#include "oauth/token_response.h"

namespace tokenvault {

absl::StatusOr<std::optional<HttpRequest>> MakeIntrospectionRequest(
    const Provider& provider, const Secret& access_token,
    const TokenCall& call) {
  if (provider.introspect_url.empty() || call.now == absl::InfinitePast()) {
    return std::nullopt;
  }
  std::string url = provider.introspect_url;
  if (provider.adapter != nullptr) {
    ASSIGN_OR_RETURN(url, provider.adapter->EndpointOf(provider, url, call));
  }
  return MakeTokenRequest(
      provider, url,
      {{"token", access_token.Reveal()}, {"token_type_hint", "access_token"}},
      call);
}

std::optional<absl::Duration> ReadIntrospection(const HttpResponse& answer,
                                                absl::Time now) {
  if (answer.status != 200) return std::nullopt;
  auto parsed = ParseStrictJson(answer.body.Reveal());
  const auto* document = std::get_if<JsonDocument>(&parsed);
  if (document == nullptr) return std::nullopt;
  const nlohmann::json* active = FindJson(document->root(), "active");
  const nlohmann::json* exp = FindJson(document->root(), "exp");
  if (active == nullptr || *active != true || exp == nullptr ||
      !exp->is_number_integer()) {
    return std::nullopt;
  }
  const absl::Duration left = absl::FromUnixSeconds(exp->get<int64_t>()) - now;
  if (left <= absl::ZeroDuration() || left > kLongestLife) return std::nullopt;
  return left;
}

}  // namespace tokenvault
