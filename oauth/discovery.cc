#include "oauth/discovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/strict_json.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr size_t kMaxMetadata = size_t{256} * 1024;
constexpr size_t kMaxListed = 1000;

bool Lists(const std::vector<std::string>& list, absl::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<std::string> ReadList(const json& root, const char* name) {
  std::vector<std::string> list;
  auto it = root.find(name);
  if (it == root.end() || !it->is_array()) return list;
  for (const json& item : *it) {
    if (item.is_string() && list.size() < kMaxListed) {
      list.push_back(item.get<std::string>());
    }
  }
  return list;
}

}  // namespace

bool IsAllowedUrl(const std::string& text, const MetadataRules& rules) {
  auto url = ParseUrl(text);
  return url.ok() && (url->scheme == "https" || rules.allow_http_loopback);
}

absl::StatusOr<std::vector<std::string>> MetadataUrls(
    absl::string_view issuer) {
  ASSIGN_OR_RETURN(const Url url, ParseUrl(issuer));
  if (!url.query.empty()) {
    return errors::FieldInvalid("issuer", "has a query");
  }
  const std::string origin = url.Origin();
  const std::string path(absl::StripSuffix(url.path, "/"));
  std::vector<std::string> urls = {
      absl::StrCat(origin, path, "/.well-known/openid-configuration"),
      absl::StrCat(origin, "/.well-known/oauth-authorization-server", path)};
  if (!path.empty()) {
    urls.push_back(
        absl::StrCat(origin, "/.well-known/openid-configuration", path));
  }
  return urls;
}

absl::StatusOr<ServerMetadata> ParseServerMetadata(absl::string_view body,
                                                   absl::string_view issuer,
                                                   const MetadataRules& rules) {
  const std::string host = HostOf(issuer);
  auto invalid = [&](absl::string_view problem) {
    return errors::ProviderAnswerInvalid(host, problem);
  };
  auto parsed = ParseStrictJson(body);
  if (auto* problem = std::get_if<JsonProblem>(&parsed)) {
    return invalid(JsonProblemName(*problem));
  }
  const json& root = std::get<JsonDocument>(parsed).root();

  ServerMetadata metadata;
  metadata.issuer = FindJsonString(root, "issuer").value_or("");
  // Byte by byte (RFC 8414 §3.3): a document that speaks for someone else is
  // how one server has us send another's codes to it.
  if (metadata.issuer != issuer) return invalid("issuer_mismatch");

  const std::pair<const char*, std::string*> endpoints[] = {
      {"authorization_endpoint", &metadata.authorization_endpoint},
      {"token_endpoint", &metadata.token_endpoint},
      {"revocation_endpoint", &metadata.revocation_endpoint},
      {"introspection_endpoint", &metadata.introspection_endpoint},
      {"userinfo_endpoint", &metadata.userinfo_endpoint},
      {"jwks_uri", &metadata.jwks_uri}};
  for (const auto& [name, value] : endpoints) {
    *value = FindJsonString(root, name).value_or("");
    if (!value->empty() && !IsAllowedUrl(*value, rules)) {
      return invalid("not_https");
    }
  }
  if (metadata.authorization_endpoint.empty() ||
      metadata.token_endpoint.empty()) {
    return invalid("no_endpoint");
  }

  metadata.scopes_supported = ReadList(root, "scopes_supported");
  metadata.token_endpoint_auth_methods =
      ReadList(root, "token_endpoint_auth_methods_supported");
  metadata.code_challenge_methods =
      ReadList(root, "code_challenge_methods_supported");
  metadata.id_token_algorithms =
      ReadList(root, "id_token_signing_alg_values_supported");
  if (rules.pkce == PkceUse::kRequired &&
      !Lists(metadata.code_challenge_methods, "S256")) {
    return invalid("no_s256");
  }
  const json* iss =
      FindJson(root, "authorization_response_iss_parameter_supported");
  metadata.authorization_response_iss = iss != nullptr && *iss == true;
  const json* documents =
      FindJson(root, "client_id_metadata_document_supported");
  metadata.client_documents = documents != nullptr && *documents == true;
  return metadata;
}

void ApplyMetadata(Provider& provider, const ServerMetadata& metadata) {
  auto fill = [](std::string& field, const std::string& value) {
    if (field.empty()) field = value;
  };
  fill(provider.issuer, metadata.issuer);
  fill(provider.authorize_url, metadata.authorization_endpoint);
  fill(provider.token_url, metadata.token_endpoint);
  fill(provider.introspect_url, metadata.introspection_endpoint);
  fill(provider.account_url, metadata.userinfo_endpoint);
  if (provider.revocation_style == RevocationStyle::kNone &&
      provider.revocation_url.empty() &&
      !metadata.revocation_endpoint.empty()) {
    provider.revocation_style = RevocationStyle::kRfc7009;
    provider.revocation_url = metadata.revocation_endpoint;
  }
  // Once asked for, never waived: a document that forgets it must not open the
  // way for a mix-up.
  provider.authorization_response_iss = provider.authorization_response_iss ||
                                        metadata.authorization_response_iss;
}

absl::StatusOr<ServerMetadata> DiscoveryCache::Get(absl::string_view issuer,
                                                   const MetadataRules& rules,
                                                   absl::Time now) {
  // Rules are part of the name: what passed the lax ones says nothing about the
  // strict.
  const std::string key =
      absl::StrCat(issuer, " ", static_cast<int>(rules.pkce), " ",
                   static_cast<int>(rules.allow_http_loopback));
  return cache_.Get(key, now, [&] { return Fetch(issuer, rules); });
}

absl::StatusOr<std::optional<std::string>> FetchMetadata(
    HttpClient& http, const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  request.max_body = kMaxMetadata;
  ASSIGN_OR_RETURN(HttpResponse answer, http.Send(request));
  if (answer.status == 200) return std::string(answer.body.Reveal());
  // Not here: the next place may have it. Anything else is trouble.
  if (answer.status >= 400 && answer.status < 500) return std::nullopt;
  return errors::ProviderUnreachable(
      HostOf(url), absl::StrCat("http_", answer.status), true);
}

absl::StatusOr<ServerMetadata> DiscoveryCache::Fetch(
    absl::string_view issuer, const MetadataRules& rules) {
  ASSIGN_OR_RETURN(const std::vector<std::string> urls, MetadataUrls(issuer));
  for (const std::string& url : urls) {
    ASSIGN_OR_RETURN(const std::optional<std::string> document,
                     FetchMetadata(http_, url));
    if (document.has_value()) {
      return ParseServerMetadata(*document, issuer, rules);
    }
  }
  return errors::ProviderAnswerInvalid(HostOf(issuer), "no_metadata");
}

}  // namespace tokenvault
