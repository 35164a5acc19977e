#include "server/demo/server.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/demo/application.h"
#include "server/demo/metadata.h"
#include "server/demo/pages.h"
#include "server/demo/wording.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr absl::Duration kClockSkew = absl::Hours(1);
constexpr char kRetryAfterSeconds[] = "2";

// What a proxy in front of a provider says when the provider is not well.
WebResponse ProxyError() {
  WebResponse response;
  response.status = 502;
  response.content_type = "text/html; charset=utf-8";
  response.body =
      "<html><head><title>502 Bad Gateway</title></head>"
      "<body><h1>502 Bad Gateway</h1></body></html>\n";
  return response;
}

WebResponse TooManyRequests(const DemoPersona& persona) {
  WebResponse response =
      persona.wording == DemoWording::kSlack
          ? DemoJson(429, {{"ok", false}, {"error", "ratelimited"}})
          : DemoJson(429, {{"error", "temporarily_unavailable"}});
  response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return response;
}

}  // namespace

DemoServer::DemoServer(DemoPersona persona, absl::Duration access_token_ttl,
                       const JwtSigner& signer, DemoLedger& ledger,
                       DemoFaults& faults)
    : persona_(std::move(persona)),
      signer_(signer),
      ledger_(ledger),
      faults_(faults),
      place_{"", persona_.Prefix()},
      clients_(persona_),
      grants_(persona_, access_token_ttl, ledger),
      sign_in_(persona_, place_, clients_, grants_),
      tokens_(persona_, place_, clients_, grants_, signer) {}

DemoAnswer DemoServer::Answer(const WebRequest& request, absl::string_view path,
                              absl::Time now) {
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  const bool by_rfc7009 = persona_.revocation == DemoRevocation::kRfc7009 ||
                          persona_.revocation == DemoRevocation::kWholeGrant;
  if (path == "/authorize") {
    if (get) return {sign_in_.Begin(request, now)};
    if (post) return {sign_in_.Continue(request, now)};
    return {DemoWrongMethod("GET, POST")};
  }
  if (path == "/token") {
    return post ? TokenCall(request, now) : DemoAnswer{DemoWrongMethod("POST")};
  }
  if (path == "/revoke" && by_rfc7009) {
    return {post ? Revoke(request, now) : DemoWrongMethod("POST")};
  }
  if (path == "/introspect" && persona_.introspects) {
    return {post ? Introspect(request, now) : DemoWrongMethod("POST")};
  }
  if (path == "/auth.revoke" &&
      persona_.revocation == DemoRevocation::kTokenCall) {
    return {post ? RevokeByCall(request, now) : DemoWrongMethod("POST")};
  }
  if (absl::StartsWith(path, "/applications/") &&
      persona_.revocation == DemoRevocation::kGrantDelete) {
    return {DemoApplication(request, path, clients_, grants_, now)};
  }
  if (path == kDemoAccountPath || path == kDemoEventsPath) {
    return {get ? Api(request, path, now) : DemoWrongMethod("GET")};
  }
  if (path == "/.well-known/openid-configuration" &&
      persona_.metadata == DemoMetadata::kOpenId) {
    return {get ? DemoServerMetadata(persona_, place_)
                : DemoWrongMethod("GET")};
  }
  if (path == "/jwks" && persona_.metadata == DemoMetadata::kOpenId) {
    return {get ? DemoJson(200, json::parse(signer_.jwks()))
                : DemoWrongMethod("GET")};
  }
  return {DemoErrorPage(404, "There is nothing here.")};
}

std::optional<WebResponse> DemoServer::WellKnown(absl::string_view name) const {
  if (name == "oauth-authorization-server" &&
      persona_.metadata != DemoMetadata::kNone) {
    return DemoServerMetadata(persona_, place_);
  }
  if (name == "oauth-protected-resource" &&
      persona_.metadata == DemoMetadata::kMcp) {
    return DemoResourceMetadata(persona_, place_);
  }
  return std::nullopt;
}

// ----------------------------------------------------------------- tokens --

DemoAnswer DemoServer::TokenCall(const WebRequest& request, absl::Time now) {
  std::optional<DemoFields> fields = Body(request);
  const bool refreshes =
      fields.has_value() && fields->Get("grant_type") == "refresh_token";
  // What tells the family: a call presents one of them.
  std::string presented;
  for (const char* name : {"code", "refresh_token", "subject_token"}) {
    if (fields.has_value() && presented.empty()) presented = fields->Get(name);
  }

  const auto fault =
      refreshes ? Strike({DemoFault::kSlow, DemoFault::kTooManyRequests,
                          DemoFault::kHtmlError, DemoFault::kInvalidClient,
                          DemoFault::kClockSkew, DemoFault::kRevokedUpstream,
                          DemoFault::kLoseResponseAfterRotate},
                         now)
                : Strike({DemoFault::kSlow, DemoFault::kTooManyRequests,
                          DemoFault::kHtmlError, DemoFault::kInvalidClient,
                          DemoFault::kClockSkew},
                         now);
  DemoAnswer answer;
  if (fault == DemoFault::kTooManyRequests) {
    answer.response = TooManyRequests(persona_);
  } else if (fault == DemoFault::kHtmlError) {
    answer.response = ProxyError();
  } else if (fault == DemoFault::kInvalidClient) {
    answer.response = Error(request, DemoError::kInvalidClient);
  } else {
    if (fault == DemoFault::kClockSkew) now += kClockSkew;
    if (fault == DemoFault::kRevokedUpstream) {
      grants_.EndFamilyOf(presented, now);
    }
    answer.response = fields.has_value()
                          ? tokens_.Answer(request, *fields, now)
                          : Error(request, DemoError::kInvalidRequest);
    answer.late = fault == DemoFault::kSlow;
    answer.response.hang_up = fault == DemoFault::kLoseResponseAfterRotate;
  }
  ledger_.CountTokenCall(persona_.name, grants_.FamilyOf(presented));
  return answer;
}

// ------------------------------------------- after they have been issued --

WebResponse DemoServer::Revoke(const WebRequest& request, absl::Time now) {
  std::optional<DemoFields> fields = Body(request);
  if (!fields.has_value()) return Error(request, DemoError::kInvalidRequest);
  std::optional<std::string> client = clients_.Authenticate(request, *fields);
  if (!client.has_value()) return Error(request, DemoError::kInvalidClient);
  if (!fields->Has("token")) return Error(request, DemoError::kInvalidRequest);
  const auto reach = persona_.revocation == DemoRevocation::kWholeGrant
                         ? DemoGrants::Reach::kGrant
                         : DemoGrants::Reach::kToken;
  // RFC 7009 §2.1: another client's token is refused; an unknown one is as good
  // as revoked.
  if (grants_.Revoke(*client, fields->Get("token"), reach, now) ==
      DemoGrants::Revocation::kForeign) {
    return Error(request, DemoError::kInvalidAccessToken);
  }
  WebResponse response;
  response.headers = {{"Cache-Control", "no-store"}};
  return response;
}

WebResponse DemoServer::RevokeByCall(const WebRequest& request,
                                     absl::Time now) {
  const std::string token = DemoBearer(request).value_or("");
  auto live = grants_.FindAccessToken(token, now);
  if (!live.has_value()) {
    return Error(request, DemoError::kInvalidAccessToken);
  }
  grants_.Revoke(live->grant.client, token, DemoGrants::Reach::kFamily, now);
  return DemoJson(200, {{"ok", true}, {"revoked", true}});
}

WebResponse DemoServer::Introspect(const WebRequest& request,
                                   absl::Time now) const {
  std::optional<DemoFields> fields = Body(request);
  if (!fields.has_value()) return Error(request, DemoError::kInvalidRequest);
  std::optional<std::string> client = clients_.Authenticate(request, *fields);
  if (!client.has_value()) return Error(request, DemoError::kInvalidClient);
  if (!fields->Has("token")) return Error(request, DemoError::kInvalidRequest);
  const std::string token = fields->Get("token");
  auto live = grants_.FindAccessToken(token, now);
  if (!live.has_value()) live = grants_.FindRefreshToken(token);
  if (!live.has_value() || live->grant.client != *client) {
    return DemoJson(200, {{"active", false}});
  }
  json body = {{"active", true},
               {"client_id", *client},
               {"sub", live->grant.person},
               {"scope", live->scopes.ToString()},
               {"iss", place_.Issuer()}};
  if (!live->is_refresh_token) {
    body["token_type"] = "Bearer";
    body["exp"] = absl::ToUnixSeconds(live->expires);
  }
  return DemoJson(200, body);
}

WebResponse DemoServer::Api(const WebRequest& request, absl::string_view path,
                            absl::Time now) {
  const auto token = DemoBearer(request);
  if (!token.has_value()) return DemoBearerError(persona_, place_, 401, "");
  const auto fault =
      Strike({DemoFault::kClockSkew, DemoFault::kRevokedUpstream}, now);
  if (fault == DemoFault::kClockSkew) now += kClockSkew;
  if (fault == DemoFault::kRevokedUpstream) grants_.EndFamilyOf(*token, now);
  const auto live = grants_.FindAccessToken(*token, now);
  WebResponse response =
      live.has_value()
          ? DemoResource(persona_, place_, path, *live, now)
          : DemoBearerError(persona_, place_, 401, "invalid_token");
  DemoLedger::Entry entry;
  entry.persona = persona_.name;
  entry.event = response.status == 200 ? DemoEvent::kAccessTokenUsed
                                       : DemoEvent::kAccessTokenRefused;
  if (live.has_value()) {
    entry.client = live->grant.client;
    entry.person = live->grant.person;
  }
  entry.family = grants_.FamilyOf(*token);
  entry.token = *token;
  ledger_.Write(std::move(entry), now);
  return response;
}

// --------------------------------------------------------------- throughout --

std::optional<DemoFields> DemoServer::Body(const WebRequest& request) const {
  return persona_.takes_json ? DemoFields::OfJson(request)
                             : DemoFields::OfForm(request);
}

WebResponse DemoServer::Error(const WebRequest& request,
                              DemoError error) const {
  return DemoErrorAnswer(persona_, DemoWantsJson(request), error);
}

std::optional<DemoFault> DemoServer::Strike(
    std::initializer_list<DemoFault> possible, absl::Time now) {
  const auto fault = faults_.Take(persona_.name, possible);
  if (fault.has_value()) {
    DemoLedger::Entry entry;
    entry.persona = persona_.name;
    entry.event = DemoEvent::kFault;
    entry.why = DemoFaultName(*fault);
    ledger_.Write(std::move(entry), now);
  }
  return fault;
}

}  // namespace tokenvault
