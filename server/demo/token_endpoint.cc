#include "server/demo/token_endpoint.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/demo/people.h"
#include "server/demo/wording.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr absl::Duration kIdTokenLifetime = absl::Minutes(10);
constexpr char kTokenExchange[] =
    "urn:ietf:params:oauth:grant-type:token-exchange";

}  // namespace

WebResponse DemoTokenEndpoint::Answer(const WebRequest& request,
                                      const DemoFields& fields,
                                      absl::Time now) {
  std::optional<std::string> client = clients_.Authenticate(request, fields);
  if (!client.has_value()) return Fail(request, DemoError::kInvalidClient);
  DemoAsked asked;
  asked.issuer = place_.Issuer();
  asked.wants_json = DemoWantsJson(request);
  const std::string grant_type = fields.Get("grant_type");
  DemoGrants::Result result = DemoError::kUnsupportedGrantType;
  if (grant_type == "authorization_code") {
    asked.with_code = true;
    const bool complete = fields.Has("code") && (fields.Has("code_verifier") ||
                                                 !persona_.pkce_required);
    if (!complete) return Fail(request, DemoError::kInvalidRequest);
    result = grants_.RedeemCode(
        {*client, fields.Get("code"), fields.Get("redirect_uri"),
         fields.Get("code_verifier"), fields.Get("resource")},
        now);
  } else if (grant_type == "refresh_token") {
    if (!fields.Has("refresh_token")) {
      return Fail(request, DemoError::kInvalidRequest);
    }
    result =
        grants_.Refresh(*client, fields.Get("refresh_token"),
                        fields.Scopes("scope"), fields.Get("resource"), now);
  } else if (grant_type == kTokenExchange && persona_.exchanges) {
    asked.exchanged = true;
    result = Exchange(*client, fields, now);
  } else if (grant_type.empty()) {
    result = DemoError::kInvalidRequest;
  }
  if (const auto* error = std::get_if<DemoError>(&result)) {
    return Fail(request, *error);
  }
  const DemoTokens& tokens = std::get<DemoTokens>(result);
  if (asked.with_code && persona_.metadata == DemoMetadata::kOpenId &&
      tokens.scopes.Contains("openid")) {
    asked.id_token = IdToken(tokens, now);
  }
  return DemoTokenAnswer(persona_, asked, tokens, now);
}

DemoGrants::Result DemoTokenEndpoint::Exchange(const std::string& client,
                                               const DemoFields& fields,
                                               absl::Time now) {
  if (fields.Get("subject_token_type") != kDemoAccessTokenType ||
      !fields.Has("subject_token")) {
    return DemoError::kInvalidRequest;
  }
  const std::string resource = fields.Get("resource");
  if (!resource.empty() && resource != place_.Resource() &&
      !absl::StartsWith(resource, place_.Resource() + "/")) {
    return DemoError::kInvalidTarget;
  }
  return grants_.Narrow(client, fields.Get("subject_token"),
                        fields.Scopes("scope"), resource, now);
}

std::string DemoTokenEndpoint::IdToken(const DemoTokens& tokens,
                                       absl::Time now) const {
  const DemoPerson* person = FindDemoPerson(tokens.grant.person);
  json claims = {{"iss", place_.Issuer()},
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

WebResponse DemoTokenEndpoint::Fail(const WebRequest& request,
                                    DemoError error) const {
  return DemoErrorAnswer(persona_, DemoWantsJson(request), error);
}

}  // namespace tokenvault
