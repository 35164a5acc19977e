#include "server/demo/endpoints.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/hash.h"
#include "oauth/url.h"
#include "server/demo/pages.h"
#include "server/demo/people.h"
#include "server/demo/provider.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr absl::Duration kIdTokenLifetime = absl::Minutes(10);

std::string Get(const Parameters& parameters, absl::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return "";
}

bool Has(const Parameters& parameters, absl::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return true;
  }
  return false;
}

WebResponse Json(int status, const json& body) {
  WebResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = body.dump();
  response.headers = {{"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  return response;
}

WebResponse OAuthError(int status, const char* code) {
  return Json(status, {{"error", code}});
}

WebResponse InvalidClient() {
  WebResponse response = OAuthError(401, "invalid_client");
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"demo\"");
  return response;
}

WebResponse WrongMethod(const char* allow) {
  WebResponse response = OAuthError(405, "invalid_request");
  response.headers.emplace_back("Allow", allow);
  return response;
}

// RFC 6750 §3.
WebResponse BearerError(int status, absl::string_view error,
                        absl::string_view more = "") {
  WebResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = json{{"error", std::string(error)}}.dump();
  response.headers = {
      {"Cache-Control", "no-store"},
      {"WWW-Authenticate",
       absl::StrCat("Bearer realm=\"demo\", error=\"", error, "\"", more)}};
  return response;
}

bool IsClient(absl::string_view id, absl::string_view secret) {
  return (id == kDemoLoginClient &&
          EqualInConstantTime(secret, kDemoLoginSecret)) ||
         (id == kDemoClient && EqualInConstantTime(secret, kDemoSecret));
}

std::optional<std::string> FormUnescape(absl::string_view text) {
  auto parsed = ParseQuery(absl::StrCat("x=", text));
  if (!parsed.ok() || parsed->size() != 1) return std::nullopt;
  return (*parsed)[0].second;
}

// The client that a request proves to be (RFC 6749 §2.3.1), by one of the two
// ways; both at once is neither.
std::optional<std::string> ClientOf(const WebRequest& request,
                                    const Parameters& form) {
  const std::string header = request.Header("authorization");
  const bool posts = Has(form, "client_secret");
  if (header.empty()) {
    if (!posts || !IsClient(Get(form, "client_id"), Get(form, "client_secret")))
      return std::nullopt;
    return Get(form, "client_id");
  }
  std::string pair;
  if (posts || !absl::StartsWithIgnoreCase(header, "Basic ") ||
      !absl::Base64Unescape(header.substr(6), &pair)) {
    return std::nullopt;
  }
  size_t colon = pair.find(':');
  if (colon == std::string::npos) return std::nullopt;
  auto id = FormUnescape(pair.substr(0, colon));
  auto secret = FormUnescape(pair.substr(colon + 1));
  if (!id.has_value() || !secret.has_value() || !IsClient(*id, *secret)) {
    return std::nullopt;
  }
  if (Has(form, "client_id") && Get(form, "client_id") != *id) {
    return std::nullopt;
  }
  return id;
}

json EventsOf(const DemoPerson& person, absl::Time now) {
  json events = json::array();
  absl::Time day = absl::FromCivil(absl::ToCivilDay(now, absl::UTCTimeZone()),
                                   absl::UTCTimeZone());
  for (const std::string& title : person.events) {
    events.push_back({{"title", title},
                      {"starts", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                                                  day + absl::Hours(10),
                                                  absl::UTCTimeZone())}});
    day += absl::Hours(24);
  }
  return events;
}

}  // namespace

DemoEndpoints::DemoEndpoints(absl::Duration access_token_ttl, bool rotate,
                             JwtSigner signer)
    : signer_(std::move(signer)),
      grants_(access_token_ttl, rotate),
      sign_in_(grants_) {}

void DemoEndpoints::SetBaseUrl(absl::string_view base_url) {
  MutexLock lock(mutex_);
  base_url_ = std::string(base_url);
  sign_in_.SetIssuer(base_url);
}

void DemoEndpoints::SetRedirectUris(absl::string_view client,
                                    std::vector<std::string> uris) {
  MutexLock lock(mutex_);
  sign_in_.SetRedirectUris(client, std::move(uris));
}

WebResponse DemoEndpoints::Answer(const WebRequest& request, absl::Time now) {
  MutexLock lock(mutex_);
  if (base_url_.empty()) return DemoErrorPage(503, "Not ready yet.");
  const std::string& path = request.path;
  const bool get = request.method == "GET";
  if (path == "/authorize") {
    if (get) return sign_in_.Begin(request, now);
    if (request.method == "POST") return sign_in_.Continue(request, now);
    return WrongMethod("GET, POST");
  }
  if (path == "/token" || path == "/revoke" || path == "/introspect") {
    if (request.method != "POST") return WrongMethod("POST");
    return ClientEndpoint(request, now);
  }
  if (path == "/userinfo" || path == "/calendar/events") {
    return get ? Resource(request, now) : WrongMethod("GET");
  }
  if (path == "/.well-known/openid-configuration" ||
      path == "/.well-known/oauth-authorization-server") {
    return get ? Metadata() : WrongMethod("GET");
  }
  if (path == "/jwks") {
    return get ? Json(200, json::parse(signer_.jwks())) : WrongMethod("GET");
  }
  if (path == "/" && get) return DemoFrontPage(base_url_);
  return DemoErrorPage(404, "There is nothing here.");
}

WebResponse DemoEndpoints::Metadata() const {
  const std::vector<std::string> auth = {"client_secret_basic",
                                         "client_secret_post"};
  std::vector<std::string> scopes;
  for (const auto& [scope, says] : DemoScopes()) scopes.push_back(scope);
  return Json(
      200, {{"issuer", base_url_},
            {"authorization_endpoint", base_url_ + "/authorize"},
            {"token_endpoint", base_url_ + "/token"},
            {"revocation_endpoint", base_url_ + "/revoke"},
            {"introspection_endpoint", base_url_ + "/introspect"},
            {"userinfo_endpoint", base_url_ + "/userinfo"},
            {"jwks_uri", base_url_ + "/jwks"},
            {"scopes_supported", scopes},
            {"response_types_supported", {"code"}},
            {"response_modes_supported", {"query"}},
            {"grant_types_supported", {"authorization_code", "refresh_token"}},
            {"subject_types_supported", {"public"}},
            {"id_token_signing_alg_values_supported", {"EdDSA"}},
            {"token_endpoint_auth_methods_supported", auth},
            {"revocation_endpoint_auth_methods_supported", auth},
            {"introspection_endpoint_auth_methods_supported", auth},
            {"code_challenge_methods_supported", {"S256"}},
            {"authorization_response_iss_parameter_supported", true}});
}

WebResponse DemoEndpoints::ClientEndpoint(const WebRequest& request,
                                          absl::Time now) {
  auto form = ParseQuery(request.body);
  if (!form.ok() || !absl::StartsWith(request.Header("content-type"),
                                      "application/x-www-form-urlencoded")) {
    return OAuthError(400, "invalid_request");
  }
  std::optional<std::string> client = ClientOf(request, *form);
  if (!client.has_value()) return InvalidClient();
  if (request.path == "/token") return Token(*client, *form, now);
  if (!Has(*form, "token")) return OAuthError(400, "invalid_request");
  if (request.path == "/revoke") return Revoke(*client, *form);
  return Introspect(*client, *form, now);
}

WebResponse DemoEndpoints::Token(const std::string& client,
                                 const Parameters& form, absl::Time now) {
  const std::string grant_type = Get(form, "grant_type");
  DemoGrants::Result result = DemoGrantError::kInvalidGrant;
  if (grant_type == "authorization_code") {
    if (!Has(form, "code") || !Has(form, "code_verifier")) {
      return OAuthError(400, "invalid_request");
    }
    result =
        grants_.RedeemCode(client, Get(form, "code"), Get(form, "redirect_uri"),
                           Get(form, "code_verifier"), now);
  } else if (grant_type == "refresh_token") {
    if (!Has(form, "refresh_token")) return OAuthError(400, "invalid_request");
    std::optional<ScopeSet> scopes;
    if (Has(form, "scope")) scopes = ScopeSet::Parse(Get(form, "scope"));
    result = grants_.Refresh(client, Get(form, "refresh_token"), scopes, now);
  } else {
    return OAuthError(
        400, grant_type.empty() ? "invalid_request" : "unsupported_grant_type");
  }
  if (const auto* error = std::get_if<DemoGrantError>(&result)) {
    return OAuthError(400, *error == DemoGrantError::kInvalidScope
                               ? "invalid_scope"
                               : "invalid_grant");
  }
  const DemoTokens& tokens = std::get<DemoTokens>(result);
  json body = {{"access_token", tokens.access_token},
               {"token_type", "Bearer"},
               {"expires_in", absl::ToInt64Seconds(tokens.expires_in)},
               {"scope", tokens.scopes.ToString()}};
  if (!tokens.refresh_token.empty()) {
    body["refresh_token"] = tokens.refresh_token;
  }
  if (grant_type == "authorization_code" && tokens.scopes.Contains("openid")) {
    body["id_token"] = IdToken(tokens, now);
  }
  return Json(200, body);
}

WebResponse DemoEndpoints::Revoke(const std::string& client,
                                  const Parameters& form) {
  // RFC 7009 §2.1: another client's token is refused; an unknown one is as good
  // as revoked.
  if (grants_.Revoke(client, Get(form, "token")) ==
      DemoGrants::Revocation::kForeign) {
    return OAuthError(400, "invalid_grant");
  }
  WebResponse response;
  response.headers = {{"Cache-Control", "no-store"}};
  return response;
}

WebResponse DemoEndpoints::Introspect(const std::string& client,
                                      const Parameters& form,
                                      absl::Time now) const {
  const std::string token = Get(form, "token");
  auto live = grants_.FindAccessToken(token, now);
  if (!live.has_value()) live = grants_.FindRefreshToken(token);
  if (!live.has_value() || live->grant.client != client) {
    return Json(200, {{"active", false}});
  }
  json body = {{"active", true},
               {"client_id", client},
               {"sub", live->grant.person},
               {"scope", live->scopes.ToString()},
               {"iss", base_url_}};
  if (!live->is_refresh_token) {
    body["token_type"] = "Bearer";
    body["exp"] = absl::ToUnixSeconds(live->expires);
  }
  return Json(200, body);
}

WebResponse DemoEndpoints::Resource(const WebRequest& request,
                                    absl::Time now) const {
  const std::string header = request.Header("authorization");
  absl::string_view token = header;
  if (!absl::StartsWithIgnoreCase(header, "Bearer ")) {
    WebResponse response = BearerError(401, "invalid_token");
    // RFC 6750 §3.1: who brought nothing is told no error.
    response.headers.back().second = "Bearer realm=\"demo\"";
    return response;
  }
  token.remove_prefix(7);
  auto live = grants_.FindAccessToken(std::string(token), now);
  if (!live.has_value()) return BearerError(401, "invalid_token");
  const DemoPerson* person = FindDemoPerson(live->grant.person);
  if (request.path == "/calendar/events") {
    if (!live->scopes.Contains("calendar.read")) {
      return BearerError(403, "insufficient_scope",
                         ", scope=\"calendar.read\"");
    }
    return Json(200, EventsOf(*person, now));
  }
  // As the account pages of most providers: any token may ask whose it is.
  return Json(200, {{"sub", person->id},
                    {"name", person->name},
                    {"email", person->email},
                    {"email_verified", true}});
}

std::string DemoEndpoints::IdToken(const DemoTokens& tokens,
                                   absl::Time now) const {
  const DemoPerson* person = FindDemoPerson(tokens.grant.person);
  json claims = {{"iss", base_url_},
                 {"sub", person->id},
                 {"aud", tokens.grant.client},
                 {"iat", absl::ToUnixSeconds(now)},
                 {"exp", absl::ToUnixSeconds(now + kIdTokenLifetime)},
                 {"auth_time", absl::ToUnixSeconds(tokens.grant.signed_in)}};
  if (!tokens.grant.nonce.empty()) claims["nonce"] = tokens.grant.nonce;
  if (tokens.scopes.Contains("profile")) claims["name"] = person->name;
  if (tokens.scopes.Contains("email")) {
    claims["email"] = person->email;
    claims["email_verified"] = true;
  }
  // Signing fails only without memory; then there is no token in the answer,
  // and the client says so.
  return signer_.Sign(claims.dump()).value_or("");
}

}  // namespace tokenvault
