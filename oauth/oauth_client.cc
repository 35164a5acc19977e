#include "oauth/oauth_client.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/strict_json.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxAccountField = 320;  // the longest e-mail address

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

bool HasSecret(const Provider& provider) {
  return provider.client_auth != ClientAuth::kNone &&
         provider.client_secret != nullptr;
}

Secret JsonBody(const FormFields& fields) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : fields) object[name] = std::string(value);
  JsonDocument wiped(std::move(object));
  return Secret(wiped.root().dump(-1, ' ', false,
                                  nlohmann::json::error_handler_t::replace));
}

void AppendParams(
    FormFields& fields,
    const std::vector<std::pair<std::string, std::string>>& params) {
  for (const auto& [name, value] : params) fields.emplace_back(name, value);
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
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (provider.pkce != PkceUse::kOff) {
    fields.emplace_back("code_challenge", request.code_challenge);
    fields.emplace_back("code_challenge_method", "S256");
  }
  if (!request.nonce.empty()) fields.emplace_back("nonce", request.nonce);
  if (provider.resource && !request.resource.empty()) {
    fields.emplace_back("resource", request.resource);
  }
  AppendParams(fields, provider.authorize_params);
  AppendParams(fields, request.extra);
  return AppendQuery(provider.authorize_url, fields);
}

absl::StatusOr<TokenResponse> OAuthClient::ExchangeCode(
    const Provider& provider, const Secret& code, const Secret& verifier,
    absl::string_view redirect_uri) {
  FormFields fields = {{"grant_type", "authorization_code"},
                       {"code", code.Reveal()},
                       {"redirect_uri", redirect_uri}};
  if (!verifier.empty()) {
    fields.emplace_back("code_verifier", verifier.Reveal());
  }
  ASSIGN_OR_RETURN(HttpResponse answer,
                   Post(provider, provider.token_url, std::move(fields)));
  return ParseTokenResponse(provider, answer);
}

absl::StatusOr<HttpResponse> OAuthClient::SendRefresh(
    const Provider& provider, const Secret& refresh_token,
    const ScopeSet& scopes, absl::string_view resource) {
  const std::string scope = scopes.ToString(provider.scope_delimiter);
  FormFields fields = {{"grant_type", "refresh_token"},
                       {"refresh_token", refresh_token.Reveal()}};
  if (provider.narrowing == Narrowing::kRefreshScope && !scope.empty()) {
    fields.emplace_back("scope", scope);
  }
  if (provider.resource && !resource.empty()) {
    fields.emplace_back("resource", resource);
  }
  return Post(provider, provider.RefreshUrl(), std::move(fields));
}

absl::StatusOr<TokenResponse> OAuthClient::Refresh(const Provider& provider,
                                                   const Secret& refresh_token,
                                                   const ScopeSet& scopes,
                                                   absl::string_view resource) {
  ASSIGN_OR_RETURN(HttpResponse answer,
                   SendRefresh(provider, refresh_token, scopes, resource));
  return ParseTokenResponse(provider, answer);
}

absl::StatusOr<TokenResponse> OAuthClient::ExchangeToken(
    const Provider& provider, const Secret& subject_token,
    const ScopeSet& scopes, absl::string_view resource,
    absl::string_view audience) {
  const std::string scope = scopes.ToString(provider.scope_delimiter);
  FormFields fields = {
      {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
      {"subject_token", subject_token.Reveal()},
      {"subject_token_type", provider.exchange_subject_token_type},
      {"requested_token_type",
       "urn:ietf:params:oauth:token-type:access_token"}};
  if (!scope.empty()) fields.emplace_back("scope", scope);
  if (!resource.empty()) fields.emplace_back("resource", resource);
  if (!audience.empty()) fields.emplace_back("audience", audience);
  ASSIGN_OR_RETURN(HttpResponse answer,
                   Post(provider, provider.token_url, std::move(fields)));
  return ParseTokenResponse(provider, answer);
}

absl::StatusOr<RevocationOutcome> OAuthClient::Revoke(
    const Provider& provider, const Secret& token,
    absl::string_view token_type_hint) {
  absl::StatusOr<HttpResponse> answer;
  switch (provider.revocation_style) {
    case RevocationStyle::kNone:
      return RevocationOutcome::kUnsupported;
    case RevocationStyle::kRfc7009:
      answer = Post(
          provider, provider.revocation_url,
          {{"token", token.Reveal()}, {"token_type_hint", token_type_hint}});
      break;
    case RevocationStyle::kBasicDelete: {
      // GitHub's: DELETE with the client's credentials; 422 is a token that is
      // not there.
      if (!HasSecret(provider)) return RevocationOutcome::kUnsupported;
      HttpRequest request;
      request.method = "DELETE";
      request.url = provider.revocation_url;
      request.headers = {{"Accept", provider.accept},
                         {"Content-Type", "application/json"}};
      request.authorization = BasicCredentials(provider);
      request.body = JsonBody({{"access_token", token.Reveal()}});
      answer = Send(provider, request);
      if (answer.ok() && (answer->status == 404 || answer->status == 422)) {
        return RevocationOutcome::kRevoked;
      }
      break;
    }
  }
  RETURN_IF_ERROR(answer.status());
  if (answer->status >= 200 && answer->status < 300) {
    return RevocationOutcome::kRevoked;
  }
  // RFC 7009 §2.2.1: the errors are those of a token endpoint. A server that
  // says the token is unknown has nothing left to revoke.
  absl::Status error = ParseTokenResponse(provider, *answer).status();
  if (HasReason(error, "GRANT_GONE")) return RevocationOutcome::kRevoked;
  return error;
}

absl::StatusOr<Account> OAuthClient::FetchAccount(const Provider& provider,
                                                  const Secret& access_token) {
  if (provider.account_url.empty()) return Account{};
  HttpRequest request;
  request.url = provider.account_url;
  request.headers = {{"Accept", "application/json"}};
  request.authorization =
      Secret(absl::StrCat("Bearer ", access_token.Reveal()));
  ASSIGN_OR_RETURN(HttpResponse answer, Send(provider, request));
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
                                               const HttpRequest& request) {
  absl::StatusOr<HttpResponse> answer = http_.Send(request);
  if (!answer.ok()) return Rename(answer.status(), provider.id.value);
  return answer;
}

absl::StatusOr<HttpResponse> OAuthClient::Post(const Provider& provider,
                                               const std::string& url,
                                               FormFields fields) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  AppendParams(fields, provider.token_params);
  if (HasSecret(provider) && provider.client_auth == ClientAuth::kBasic) {
    request.authorization = BasicCredentials(provider);
  } else {
    fields.emplace_back("client_id", provider.client_id);
    if (HasSecret(provider)) {
      fields.emplace_back("client_secret", provider.client_secret->Reveal());
    }
  }
  const bool json = provider.body == BodyFormat::kJson;
  request.headers = {
      {"Accept", provider.accept},
      {"Content-Type",
       json ? "application/json" : "application/x-www-form-urlencoded"}};
  request.body = json ? JsonBody(fields) : Secret(FormEncode(fields));
  return Send(provider, request);
}

}  // namespace tokenvault
