#include "server/demo/wording.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "oauth/url.h"
#include "server/demo/people.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr int64_t kGithubRefreshTokenSeconds = 15897600;  // six months

struct Words {
  int status;
  const char* plain;
  const char* github;
  const char* slack;
};

Words WordsFor(DemoError error) {
  switch (error) {
    case DemoError::kInvalidRequest:
      return {400, "invalid_request", "invalid_request", "invalid_arguments"};
    case DemoError::kInvalidClient:
      return {401, "invalid_client", "incorrect_client_credentials",
              "bad_client_secret"};
    case DemoError::kInvalidCode:
      return {400, "invalid_grant", "bad_verification_code", "invalid_code"};
    case DemoError::kInvalidRefreshToken:
      return {400, "invalid_grant", "bad_refresh_token",
              "invalid_refresh_token"};
    case DemoError::kInvalidAccessToken:
      return {400, "invalid_grant", "bad_token", "token_revoked"};
    case DemoError::kInvalidScope:
      return {400, "invalid_scope", "invalid_scope", "invalid_scope"};
    case DemoError::kInvalidTarget:
      return {400, "invalid_target", "invalid_target", "invalid_arguments"};
    case DemoError::kUnsupportedGrantType:
      return {400, "unsupported_grant_type", "unsupported_grant_type",
              "invalid_grant_type"};
  }
  return {400, "invalid_request", "invalid_request", "invalid_arguments"};
}

// A form, as GitHub answers who does not ask for JSON.
WebResponse FormAnswer(const json& body) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& [name, value] : body.items()) {
    values.emplace_back(
        name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  FormFields fields;
  for (const auto& [name, value] : values) fields.emplace_back(name, value);
  WebResponse response = DemoJson(200, {});
  response.content_type = "application/x-www-form-urlencoded; charset=utf-8";
  response.body = FormEncode(fields);
  return response;
}

ScopeSet ToldScopes(const DemoPersona& persona, const ScopeSet& scopes) {
  return persona.tells_offline_scope ? scopes
                                     : scopes.Minus({persona.offline_scope});
}

json PlainTokens(const DemoPersona& persona, const DemoTokens& tokens,
                 absl::Time now) {
  json body = {{"access_token", tokens.access_token},
               {"token_type", "Bearer"},
               {"scope", ToldScopes(persona, tokens.scopes).ToString()}};
  if (tokens.expires != absl::InfiniteFuture()) {
    body["expires_in"] = absl::ToInt64Seconds(tokens.expires - now);
  }
  if (!tokens.refresh_token.empty()) {
    body["refresh_token"] = tokens.refresh_token;
  }
  return body;
}

// The person's token stands inside; a refresh has it at the top.
json SlackTokens(const DemoAsked& asked, const DemoTokens& tokens, json plain) {
  plain["scope"] = tokens.scopes.ToString(",");
  plain["token_type"] = "user";
  const json team = {{"id", "T-DEMO"}, {"name", "Demo workspace"}};
  if (!asked.with_code) {
    plain["ok"] = true;
    plain["team"] = team;
    return plain;
  }
  plain["id"] = tokens.grant.person;
  return {{"ok", true},
          {"app_id", "A-DEMO"},
          {"team", team},
          {"authed_user", std::move(plain)}};
}

json NotionTokens(const DemoTokens& tokens, json plain) {
  const DemoPerson* person = FindDemoPerson(tokens.grant.person);
  plain.erase("scope");
  plain["token_type"] = "bearer";
  plain["bot_id"] = absl::StrCat("bot-", person->id);
  plain["workspace_id"] = "demo-workspace";
  plain["workspace_name"] = "Demo workspace";
  plain["owner"] = {{"type", "user"},
                    {"user",
                     {{"id", person->id},
                      {"name", person->name},
                      {"person", {{"email", person->email}}}}}};
  return plain;
}

json BoxTokens(const DemoAsked& asked, const DemoTokens& tokens, json plain) {
  json restricted = json::array();
  if (asked.exchanged) {
    for (const std::string& scope : tokens.scopes) {
      json one = {{"scope", scope}};
      if (!tokens.resource.empty()) {
        one["object"] = {{"type", "calendar"}, {"url", tokens.resource}};
      }
      restricted.push_back(std::move(one));
    }
    plain["issued_token_type"] = kDemoAccessTokenType;
  }
  plain.erase("scope");
  plain["token_type"] = "bearer";
  plain["restricted_to"] = std::move(restricted);
  return plain;
}

}  // namespace

WebResponse DemoJson(int status, const json& body) {
  WebResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = body.dump();
  response.headers = {{"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"}};
  return response;
}

WebResponse DemoWrongMethod(const char* allow) {
  WebResponse response = DemoJson(405, {{"error", "invalid_request"}});
  response.headers.emplace_back("Allow", allow);
  return response;
}

bool DemoWantsJson(const WebRequest& request) {
  return absl::StrContains(request.Header("accept"), "application/json");
}

WebResponse DemoTokenAnswer(const DemoPersona& persona, const DemoAsked& asked,
                            const DemoTokens& tokens, absl::Time now) {
  json body = PlainTokens(persona, tokens, now);
  if (!asked.id_token.empty()) body["id_token"] = asked.id_token;
  switch (persona.wording) {
    case DemoWording::kPlain:
      break;
    case DemoWording::kGithub:
      body["scope"] = "";
      body["token_type"] = "bearer";
      body["refresh_token_expires_in"] = kGithubRefreshTokenSeconds;
      if (!asked.wants_json) return FormAnswer(body);
      break;
    case DemoWording::kSlack:
      body = SlackTokens(asked, tokens, std::move(body));
      break;
    case DemoWording::kSalesforce:
      body.erase("expires_in");
      body["instance_url"] = asked.issuer;
      body["id"] = absl::StrCat(asked.issuer, "/id/", tokens.grant.person);
      body["issued_at"] = absl::StrCat(absl::ToUnixMillis(now));
      break;
    case DemoWording::kNotion:
      body = NotionTokens(tokens, std::move(body));
      break;
    case DemoWording::kBox:
      body = BoxTokens(asked, tokens, std::move(body));
      break;
  }
  return DemoJson(200, body);
}

WebResponse DemoErrorAnswer(const DemoPersona& persona, bool wants_json,
                            DemoError error) {
  const Words words = WordsFor(error);
  if (persona.wording == DemoWording::kSlack) {
    return DemoJson(200, {{"ok", false}, {"error", words.slack}});
  }
  if (persona.wording == DemoWording::kGithub) {
    const json body = {{"error", words.github},
                       {"error_description", "This is a demo."}};
    return wants_json ? DemoJson(200, body) : FormAnswer(body);
  }
  WebResponse response = DemoJson(words.status, {{"error", words.plain}});
  if (words.status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"demo\"");
  }
  return response;
}

}  // namespace tokenvault
