#include "oauth/oauth_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/adapter.h"
#include "oauth/introspection.h"
#include "oauth/revocation.h"
#include "oauth/strict_json.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxAccountField = 320;  // the longest e-mail address

void AppendParams(
    FormFields& fields,
    const std::vector<std::pair<std::string, std::string>>& params) {
  for (const auto& [name, value] : params) fields.emplace_back(name, value);
}

// Some servers leave out what they do not understand, `resource` among it.
bool IsRestrictedTo(const TokenResponse& response, absl::string_view resource) {
  const absl::string_view id = resource.substr(resource.rfind('/') + 1);
  return response.restricted_to.has_value() &&
         std::all_of(
             response.restricted_to->begin(), response.restricted_to->end(),
             [&](const std::string& restricted) { return restricted == id; });
}

// What a provider would say that could be asked for the same token again.
HttpResponse KeptToken(const Secret& token) {
  HttpResponse answer;
  answer.status = 200;
  answer.body = JsonBody({{"access_token", token.Reveal()}});
  return answer;
}

// The same error, but naming the provider as configuration does. The HTTP
// client knows hosts only.
absl::Status Rename(const absl::Status& status, const std::string& provider) {
  const std::string problem = MetadataOf(status, "problem");
  if (HasReason(status, "PROVIDER_UNREACHABLE")) {
    return errors::ProviderUnreachable(
        provider, problem, MetadataOf(status, "maybe_sent") == "true");
  }
  if (HasReason(status, "PROVIDER_ANSWER_INVALID")) {
    return errors::ProviderAnswerInvalid(provider, problem);
  }
  return status;
}

// A string or a number, as GitHub's ids are; at most a line long.
std::string AccountField(const nlohmann::json& root, const std::string& path) {
  const nlohmann::json* value = FindJson(root, path);
  if (value == nullptr) return "";
  std::string text;
  if (value->is_string()) {
    text = value->get<std::string>();
  } else if (value->is_number_integer()) {
    text = value->dump();
  }
  return text.size() <= kMaxAccountField ? text : "";
}

}  // namespace

std::string OAuthClient::AuthorizationUrl(
    const Provider& provider, const AuthorizationRequest& request) const {
  ScopeSet scopes = request.scopes;
  if (!provider.offline_scope.empty()) {
    scopes = scopes.Union(ScopeSet{provider.offline_scope});
  }
  const std::string scope = scopes.ToString(provider.scope_delimiter);
  FormFields fields = {{"response_type", "code"},
                       {"client_id", provider.client_id},
                       {"redirect_uri", request.redirect_uri},
                       {"state", request.state}};
  if (!scope.empty() && !provider.scope_parameter.empty()) {
    fields.emplace_back(provider.scope_parameter, scope);
  }
  if (provider.pkce != PkceUse::kOff) {
    fields.emplace_back("code_challenge", request.code_challenge);
    fields.emplace_back("code_challenge_method", "S256");
  }
  if (!request.nonce.empty()) fields.emplace_back("nonce", request.nonce);
  const std::string resource = provider.ResourceFor("");
  if (!resource.empty()) fields.emplace_back("resource", resource);
  AppendParams(fields, provider.authorize_params);
  AppendParams(fields, request.extra);
  return AppendQuery(provider.authorize_url, fields);
}

absl::StatusOr<TokenResponse> OAuthClient::ExchangeCode(
    const Provider& provider, const Secret& code, const Secret& verifier,
    absl::string_view redirect_uri, const TokenCall& call) {
  FormFields fields = {{"grant_type", "authorization_code"},
                       {"code", code.Reveal()},
                       {"redirect_uri", redirect_uri}};
  // A server that was shown no challenge refuses a verifier.
  if (provider.pkce != PkceUse::kOff && !verifier.empty()) {
    fields.emplace_back("code_verifier", verifier.Reveal());
  }
  const std::string resource = provider.ResourceFor("");
  if (!resource.empty()) fields.emplace_back("resource", resource);
  ASSIGN_OR_RETURN(
      HttpRequest request,
      MakeTokenRequest(provider, provider.token_url, std::move(fields), call));
  ASSIGN_OR_RETURN(TokenResponse response,
                   Ask(provider, std::move(request), call));
  if (provider.adapter != nullptr) {
    ASSIGN_OR_RETURN(
        std::optional<HttpRequest> next,
        provider.adapter->AfterCode(provider, response.access_token, call));
    if (next.has_value()) {
      ASSIGN_OR_RETURN(response, Ask(provider, *std::move(next), call));
    }
  }
  Complete(provider, response, call);
  if (provider.expires_source == ExpirySource::kNever &&
      response.refresh_token.empty()) {
    response.refresh_token = response.access_token.Clone();
  }
  return response;
}

absl::StatusOr<HttpResponse> OAuthClient::SendRefresh(
    const Provider& provider, const Secret& refresh_token,
    const ScopeSet& scopes, absl::string_view resource, const TokenCall& call) {
  if (provider.expires_source == ExpirySource::kNever) {
    return KeptToken(refresh_token);
  }
  if (provider.adapter != nullptr &&
      provider.narrowing == Narrowing::kTokenExchange && !scopes.empty()) {
    RETURN_IF_ERROR(provider.adapter->CheckNarrowing(scopes, resource));
  }
  ASSIGN_OR_RETURN(
      HttpRequest request,
      MakeRefreshRequest(provider, refresh_token, scopes, resource, call));
  return Send(provider, std::move(request));
}

void OAuthClient::Complete(const Provider& provider, TokenResponse& response,
                           const TokenCall& call) {
  // What this answer does not say again stays as it was.
  response.captured.insert(call.hints.begin(), call.hints.end());
  if (provider.expires_source != ExpirySource::kIntrospect ||
      response.expires_in.has_value()) {
    return;
  }
  TokenCall question = call;
  question.hints = response.captured;
  auto request =
      MakeIntrospectionRequest(provider, response.access_token, question);
  if (!request.ok() || !request->has_value()) return;
  auto answer = Send(provider, **std::move(request));
  if (answer.ok()) {
    response.expires_in = ReadIntrospection(*answer, call.now);
  }
}

absl::StatusOr<TokenResponse> OAuthClient::Refresh(const Provider& provider,
                                                   const Secret& refresh_token,
                                                   const ScopeSet& scopes,
                                                   absl::string_view resource,
                                                   const TokenCall& call) {
  ASSIGN_OR_RETURN(HttpResponse answer, SendRefresh(provider, refresh_token,
                                                    scopes, resource, call));
  ASSIGN_OR_RETURN(TokenResponse response,
                   ParseTokenResponse(provider, answer, call.now));
  Complete(provider, response, call);
  return response;
}

absl::StatusOr<std::optional<TokenResponse>> OAuthClient::ExchangeToken(
    const Provider& provider, const Secret& subject_token,
    const ScopeSet& scopes, absl::string_view resource,
    absl::string_view audience, const TokenCall& call) {
  const TokenNarrowing narrowing = {scopes, std::string(resource),
                                    std::string(audience)};
  std::optional<HttpRequest> request;
  if (provider.adapter != nullptr) {
    ASSIGN_OR_RETURN(request, provider.adapter->Narrow(provider, subject_token,
                                                       narrowing, call));
  } else {
    ASSIGN_OR_RETURN(
        request, MakeExchangeRequest(provider, subject_token, narrowing, call));
  }
  if (!request.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(TokenResponse response,
                   Ask(provider, *std::move(request), call));
  if (!provider.exchange_restrictions.empty() && !resource.empty() &&
      !IsRestrictedTo(response, resource)) {
    return errors::ProviderAnswerInvalid(provider.id.value, "not_narrowed");
  }
  Complete(provider, response, call);
  return response;
}

absl::StatusOr<RevocationOutcome> OAuthClient::Revoke(
    const Provider& provider, const Secret& token,
    absl::string_view token_type_hint, const TokenCall& call) {
  ASSIGN_OR_RETURN(
      std::optional<HttpRequest> request,
      MakeRevocationRequest(provider, token, token_type_hint, call));
  if (!request.has_value()) return RevocationOutcome::kUnsupported;
  ASSIGN_OR_RETURN(HttpResponse answer, Send(provider, *std::move(request)));
  RETURN_IF_ERROR(ReadRevocation(provider, answer));
  return RevocationOutcome::kRevoked;
}

absl::StatusOr<HttpResponse> OAuthClient::Greet(const Provider& provider) {
  HttpRequest request;
  request.url = provider.token_url;
  request.headers = {{"Accept", provider.accept}};
  request.wants_certificate = true;
  return Send(provider, std::move(request));
}

absl::StatusOr<Account> OAuthClient::FetchAccount(const Provider& provider,
                                                  const Secret& access_token) {
  if (provider.account_url.empty()) return Account{};
  HttpRequest request;
  request.url = provider.account_url;
  request.headers = {{"Accept", "application/json"}};
  request.authorization =
      Secret(absl::StrCat("Bearer ", access_token.Reveal()));
  ASSIGN_OR_RETURN(HttpResponse answer, Send(provider, std::move(request)));
  if (answer.status == 401 || answer.status == 403) {
    return errors::GrantGone(provider.id.value);
  }
  if (answer.status != 200) {
    return errors::ProviderUnreachable(
        provider.id.value, absl::StrCat("http_", answer.status), true);
  }
  auto parsed = ParseStrictJson(answer.body.Reveal());
  if (auto* problem = std::get_if<JsonProblem>(&parsed)) {
    return errors::ProviderAnswerInvalid(provider.id.value,
                                         JsonProblemName(*problem));
  }
  const nlohmann::json& root = std::get<JsonDocument>(parsed).root();
  Account account{AccountField(root, provider.account_id),
                  AccountField(root, provider.account_label)};
  if (account.id.empty()) {
    return errors::ProviderAnswerInvalid(provider.id.value, "no_account");
  }
  if (account.label.empty()) account.label = account.id;
  return account;
}

absl::StatusOr<HttpResponse> OAuthClient::Send(const Provider& provider,
                                               HttpRequest request) {
  absl::StatusOr<HttpResponse> answer = http_.Send(request);
  WipeString(request.url);
  if (!answer.ok()) return Rename(answer.status(), provider.id.value);
  return answer;
}

absl::StatusOr<TokenResponse> OAuthClient::Ask(const Provider& provider,
                                               HttpRequest request,
                                               const TokenCall& call) {
  ASSIGN_OR_RETURN(HttpResponse answer, Send(provider, std::move(request)));
  return ParseTokenResponse(provider, answer, call.now);
}

}  // namespace tokenvault
