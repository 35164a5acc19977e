#include "oauth/protected_resource.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/strict_json.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr char kWellKnown[] = "/.well-known/oauth-protected-resource";
constexpr char kChallengeField[] = "resource_metadata";
constexpr size_t kMostServers = 16;

// Whether `above` is `resource`, or what `resource` is a part of on its host.
bool Contains(absl::string_view above, absl::string_view resource) {
  const absl::StatusOr<Url> outer = ParseUrl(above);
  const absl::StatusOr<Url> inner = ParseUrl(resource);
  if (!outer.ok() || !inner.ok() || outer->Origin() != inner->Origin() ||
      !outer->query.empty()) {
    return false;
  }
  absl::string_view path = absl::StripSuffix(outer->path, "/");
  absl::string_view rest = inner->path;
  return absl::ConsumePrefix(&rest, path) &&
         (rest.empty() || rest.front() == '/');
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResourceMetadataUrls(
    absl::string_view resource) {
  ASSIGN_OR_RETURN(const Url url, ParseUrl(resource));
  const std::string root = absl::StrCat(url.Origin(), kWellKnown);
  if (url.path == "/" && url.query.empty()) {
    return std::vector<std::string>{root};
  }
  std::string own = url.path == "/" ? root : absl::StrCat(root, url.path);
  if (!url.query.empty()) absl::StrAppend(&own, "?", url.query);
  return std::vector<std::string>{std::move(own), root};
}

std::string ResourceMetadataIn(absl::string_view challenge) {
  const std::string lower = absl::AsciiStrToLower(challenge);
  for (size_t at = lower.find(kChallengeField); at != std::string::npos;
       at = lower.find(kChallengeField, at + 1)) {
    // Not the end of another name.
    if (at > 0 && lower[at - 1] != ' ' && lower[at - 1] != ',') continue;
    absl::string_view rest = challenge.substr(at + sizeof(kChallengeField) - 1);
    rest = absl::StripLeadingAsciiWhitespace(rest);
    if (!absl::ConsumePrefix(&rest, "=")) continue;
    rest = absl::StripLeadingAsciiWhitespace(rest);
    if (!absl::ConsumePrefix(&rest, "\"")) continue;
    const size_t end = rest.find('"');
    if (end != absl::string_view::npos) return std::string(rest.substr(0, end));
  }
  return "";
}

absl::StatusOr<ResourceMetadata> ParseResourceMetadata(
    absl::string_view body, absl::string_view resource, ResourceVoice voice,
    const MetadataRules& rules) {
  auto invalid = [&](absl::string_view problem) {
    return errors::ProviderAnswerInvalid(HostOf(resource), problem);
  };
  auto parsed = ParseStrictJson(body);
  if (auto* problem = std::get_if<JsonProblem>(&parsed)) {
    return invalid(JsonProblemName(*problem));
  }
  const nlohmann::json& root = std::get<JsonDocument>(parsed).root();

  ResourceMetadata metadata;
  metadata.resource = FindJsonString(root, "resource").value_or("");
  // RFC 9728 §3.3: who may name another's resource has tokens made for it.
  const bool its_own =
      metadata.resource == resource ||
      (voice == ResourceVoice::kHost && Contains(metadata.resource, resource));
  if (!its_own) return invalid("resource_mismatch");

  const nlohmann::json* servers = FindJson(root, "authorization_servers");
  if (servers != nullptr && servers->is_array()) {
    for (const nlohmann::json& server : *servers) {
      if (!server.is_string()) continue;
      std::string issuer = server.get<std::string>();
      if (!IsAllowedUrl(issuer, rules)) return invalid("not_https");
      if (metadata.authorization_servers.size() == kMostServers) break;
      metadata.authorization_servers.push_back(std::move(issuer));
    }
  }
  if (metadata.authorization_servers.empty()) {
    return invalid("no_authorization_server");
  }
  return metadata;
}

absl::StatusOr<ResourceMetadata> ResourceDiscovery::Get(
    absl::string_view resource, const MetadataRules& rules, absl::Time now) {
  const std::string key =
      absl::StrCat(resource, " ", static_cast<int>(rules.allow_http_loopback));
  return cache_.Get(key, now, [&] { return Fetch(resource, rules); });
}

absl::StatusOr<ResourceMetadata> ResourceDiscovery::Fetch(
    absl::string_view resource, const MetadataRules& rules) {
  ASSIGN_OR_RETURN(const std::vector<std::string> urls,
                   ResourceMetadataUrls(resource));
  for (const std::string& url : urls) {
    ASSIGN_OR_RETURN(const std::optional<std::string> document,
                     FetchMetadata(http_, url));
    if (document.has_value()) {
      return ParseResourceMetadata(*document, resource, ResourceVoice::kHost,
                                   rules);
    }
  }
  // Without a token it says where to get one.
  HttpRequest request;
  request.url = std::string(resource);
  request.headers = {{"Accept", "application/json, text/event-stream"}};
  ASSIGN_OR_RETURN(const HttpResponse refusal, http_.Send(request));
  for (const auto& [name, value] : refusal.headers) {
    if (!absl::EqualsIgnoreCase(name, "WWW-Authenticate")) continue;
    const std::string url = ResourceMetadataIn(value);
    if (url.empty() || !IsAllowedUrl(url, rules)) continue;
    ASSIGN_OR_RETURN(const std::optional<std::string> document,
                     FetchMetadata(http_, url));
    if (document.has_value()) {
      return ParseResourceMetadata(*document, resource,
                                   ResourceVoice::kResource, rules);
    }
  }
  return errors::ProviderAnswerInvalid(HostOf(resource),
                                       "no_resource_metadata");
}

}  // namespace tokenvault
