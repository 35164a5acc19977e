#include "oauth/token_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/adapter.h"
#include "oauth/client_assertion.h"
#include "oauth/strict_json.h"

namespace tokenvault {
namespace {

constexpr char kFormType[] = "application/x-www-form-urlencoded";

// A preset may put another value in place of one of ours: Instagram has a
// grant_type of its own.
void PutParams(FormFields& fields,
               const std::vector<std::pair<std::string, std::string>>& params) {
  for (const auto& [name, value] : params) {
    auto same = [&, &wanted = name](const auto& field) {
      return field.first == wanted;
    };
    auto it = std::find_if(fields.begin(), fields.end(), same);
    if (it == fields.end()) {
      fields.emplace_back(name, value);
    } else {
      it->second = value;
    }
  }
}

// Fields that point into it stay good as long as it lives.
struct ClientProof {
  std::string assertion;
};

absl::Status PutCredentials(const Provider& provider, const std::string& url,
                            const TokenCall& call, ClientProof& proof,
                            FormFields& fields, HttpRequest& request) {
  const bool has_secret = provider.client_secret != nullptr;
  switch (provider.client_auth) {
    case ClientAuth::kBasic:
      if (!has_secret) break;
      request.authorization = BasicCredentials(provider);
      return absl::OkStatus();
    case ClientAuth::kPost:
    case ClientAuth::kJson:
      if (!has_secret) break;
      fields.emplace_back("client_id", provider.client_id);
      fields.emplace_back("client_secret", provider.client_secret->Reveal());
      return absl::OkStatus();
    case ClientAuth::kPrivateKeyJwt: {
      ASSIGN_OR_RETURN(proof.assertion,
                       MakeClientAssertion(provider, url, call.now));
      fields.emplace_back("client_id", provider.client_id);
      fields.emplace_back("client_assertion_type", kClientAssertionType);
      fields.emplace_back("client_assertion", proof.assertion);
      return absl::OkStatus();
    }
    case ClientAuth::kNone:
      break;
  }
  fields.emplace_back("client_id", provider.client_id);
  return absl::OkStatus();
}

}  // namespace

// RFC 6749 §2.3.1: both halves are form-encoded first. A client id with a colon
// would otherwise read as a shorter one.
Secret BasicCredentials(const Provider& provider) {
  std::string secret = FormEscape(provider.client_secret->Reveal());
  std::string pair = absl::StrCat(FormEscape(provider.client_id), ":", secret);
  std::string encoded = absl::Base64Escape(pair);
  std::string header = absl::StrCat("Basic ", encoded);
  WipeString(secret);
  WipeString(pair);
  WipeString(encoded);
  return Secret(std::move(header));
}

Secret JsonBody(const FormFields& fields) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : fields) object[name] = std::string(value);
  JsonDocument wiped(std::move(object));
  return Secret(wiped.root().dump(-1, ' ', false,
                                  nlohmann::json::error_handler_t::replace));
}

absl::StatusOr<HttpRequest> MakeTokenRequest(const Provider& provider,
                                             const std::string& url,
                                             FormFields fields,
                                             const TokenCall& call) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  PutParams(fields, provider.token_params);
  ClientProof proof;
  RETURN_IF_ERROR(PutCredentials(provider, url, call, proof, fields, request));
  const bool json = provider.body == BodyFormat::kJson;
  request.headers = {{"Accept", provider.accept},
                     {"Content-Type", json ? "application/json" : kFormType}};
  request.body = json ? JsonBody(fields) : Secret(FormEncode(fields));
  return request;
}

absl::StatusOr<HttpRequest> MakeRefreshRequest(const Provider& provider,
                                               const Secret& refresh_token,
                                               const ScopeSet& scopes,
                                               absl::string_view resource,
                                               const TokenCall& call) {
  const std::string scope = scopes.ToString(provider.scope_delimiter);
  FormFields fields = {{"grant_type", "refresh_token"},
                       {provider.refresh_parameter, refresh_token.Reveal()}};
  if (provider.refresh_redirect_uri) {
    if (call.redirect_uri.empty()) {
      return errors::Internal("this provider's refresh needs redirect_uri");
    }
    fields.emplace_back("redirect_uri", call.redirect_uri);
  }
  if (provider.narrowing == Narrowing::kRefreshScope && !scope.empty()) {
    fields.emplace_back("scope", scope);
  }
  const std::string target = provider.ResourceFor(resource);
  if (!target.empty()) fields.emplace_back("resource", target);
  PutParams(fields, provider.refresh_params);
  std::string url = provider.RefreshUrl();
  if (provider.adapter != nullptr) {
    ASSIGN_OR_RETURN(url, provider.adapter->EndpointOf(provider, url, call));
  }
  if (provider.refresh_method == RefreshMethod::kPost) {
    return MakeTokenRequest(provider, url, std::move(fields), call);
  }
  HttpRequest request;
  request.headers = {{"Accept", provider.accept}};
  PutParams(fields, provider.token_params);
  ClientProof proof;
  RETURN_IF_ERROR(PutCredentials(provider, url, call, proof, fields, request));
  request.url = AppendQuery(url, fields);
  return request;
}

absl::StatusOr<HttpRequest> MakeExchangeRequest(const Provider& provider,
                                                const Secret& subject_token,
                                                const TokenNarrowing& narrowing,
                                                const TokenCall& call) {
  const std::string scope = narrowing.scopes.ToString(provider.scope_delimiter);
  FormFields fields = {
      {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
      {"subject_token", subject_token.Reveal()},
      {"subject_token_type", provider.exchange_subject_token_type},
      {"requested_token_type",
       "urn:ietf:params:oauth:token-type:access_token"}};
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (!narrowing.resource.empty()) {
    fields.emplace_back("resource", narrowing.resource);
  }
  if (!narrowing.audience.empty()) {
    fields.emplace_back("audience", narrowing.audience);
  }
  return MakeTokenRequest(provider, provider.ExchangeUrl(), std::move(fields),
                          call);
}

}  // namespace tokenvault
