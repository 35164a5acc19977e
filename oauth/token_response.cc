#include "oauth/token_response.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/adapter.h"
#include "oauth/strict_json.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr size_t kMaxAnswer = size_t{64} * 1024;
constexpr size_t kMaxCaptured = 1024;

// Codes of RFC 6749 §5.2, 8628, 8693 and 8707, which may be named in a status.
constexpr const char* kKnownCodes[] = {
    "invalid_request",         "invalid_client",
    "invalid_grant",           "unauthorized_client",
    "invalid_scope",           "unsupported_grant_type",
    "unsupported_token_type",  "invalid_target",
    "access_denied",           "server_error",
    "temporarily_unavailable",
};

bool Contains(const std::vector<std::string>& list, absl::string_view word) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& item) { return item == word; });
}

absl::Status Invalid(const Provider& provider, absl::string_view problem) {
  return errors::ProviderAnswerInvalid(provider.id.value, problem);
}

// One form-encoded answer as the JSON object it might have been.
absl::StatusOr<JsonDocument> ReadForm(const Provider& provider,
                                      absl::string_view text) {
  auto fields = ParseQuery(text);
  if (!fields.ok()) return Invalid(provider, "duplicate_key");
  JsonDocument document(json::object());
  for (auto& [name, value] : *fields) {
    document.root()[name] = value;
    WipeString(value);
  }
  return document;
}

// "name=value" from the first byte on, which no JSON, HTML or plain sentence
// is.
bool LooksLikeForm(absl::string_view text) {
  size_t equals = text.find('=');
  if (equals == 0 || equals == absl::string_view::npos) return false;
  absl::string_view name = text.substr(0, equals);
  bool plain_name = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
  return plain_name &&
         std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
}

absl::StatusOr<JsonDocument> ReadBody(const Provider& provider,
                                      const HttpResponse& response) {
  if (response.body.size() > kMaxAnswer) return Invalid(provider, "too_large");
  absl::string_view text = absl::StripAsciiWhitespace(response.body.Reveal());
  if (text.empty()) return Invalid(provider, "empty");
  if (text.front() == '<') return Invalid(provider, "html");
  if (LooksLikeForm(text)) return ReadForm(provider, text);
  auto parsed = ParseStrictJson(text);
  if (auto* problem = std::get_if<JsonProblem>(&parsed)) {
    return Invalid(provider, JsonProblemName(*problem));
  }
  return std::get<JsonDocument>(std::move(parsed));
}

// The error code, if this answer is one; whatever the HTTP status says. A code
// that is not a string counts as one without a name.
std::optional<std::string> FindErrorCode(const Provider& provider,
                                         const json& root) {
  const json* error = FindJson(root, provider.error_path);
  if (error == nullptr) error = FindJson(root, "error");
  bool failed =
      error != nullptr && !error->is_null() &&
      !(error->is_string() && error->get_ref<const std::string&>().empty()) &&
      *error != false;
  if (!provider.ok_path.empty()) {
    const json* ok = FindJson(root, provider.ok_path);
    failed = failed || (ok != nullptr && *ok == false);
  }
  if (!failed) return std::nullopt;
  return error != nullptr && error->is_string() ? error->get<std::string>()
                                                : "";
}

// The preset's words go first: Atlassian says unauthorized_client for a grant
// that is gone, which elsewhere is our fault.
absl::Status ErrorOfCode(const Provider& provider, absl::string_view code) {
  const std::string& id = provider.id.value;
  if (Contains(provider.errors_grant_gone, code)) return errors::GrantGone(id);
  if (Contains(provider.errors_app_misconfigured, code)) {
    return errors::ProviderMisconfigured(id, code);
  }
  if (Contains(provider.errors_transient, code) || code == "server_error" ||
      code == "temporarily_unavailable") {
    return errors::ProviderUnreachable(id, code, /*maybe_sent=*/true);
  }
  if (code == "invalid_grant") return errors::GrantGone(id);
  if (code == "invalid_client" || code == "unauthorized_client") {
    return errors::ProviderMisconfigured(id, code);
  }
  bool known = std::any_of(std::begin(kKnownCodes), std::end(kKnownCodes),
                           [&](const char* word) { return code == word; });
  return errors::ProviderRefused(id, known ? code : "unknown_error");
}

// What the HTTP status alone decides, before anyone reads the body.
absl::Status CheckStatus(const Provider& provider,
                         const HttpResponse& response) {
  const std::string& id = provider.id.value;
  if (response.status == 429) {
    return errors::ProviderRateLimited(id, response.RetryAfter());
  }
  if (response.status >= 500) {
    const std::string problem = absl::StrCat("http_", response.status);
    const absl::Duration wait = response.RetryAfter();
    return wait > absl::ZeroDuration()
               ? errors::ProviderUnreachable(id, problem, /*maybe_sent=*/true,
                                             wait)
               : errors::ProviderUnreachable(id, problem, /*maybe_sent=*/true);
  }
  if (response.status >= 300 && response.status < 400) {
    return Invalid(provider, "redirect");
  }
  return absl::OkStatus();
}

std::optional<absl::Duration> ReadLifetime(const json& root) {
  const json* value = FindJson(root, "expires_in");
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  if (value->is_number()) {
    seconds = value->get<double>();
  } else if (!value->is_string() ||
             !absl::SimpleAtod(value->get_ref<const std::string&>(),
                               &seconds)) {
    return std::nullopt;
  }
  if (!std::isfinite(seconds) || seconds <= 0) return std::nullopt;
  absl::Duration lifetime = absl::Seconds(std::floor(seconds));
  if (lifetime <= absl::ZeroDuration() || lifetime > kLongestLife) {
    return std::nullopt;
  }
  return lifetime;
}

std::optional<ScopeSet> ReadScope(const Provider& provider, const json& root) {
  const json* value = FindJson(root, "scope");
  if (!provider.scope_in_response || value == nullptr) return std::nullopt;
  if (value->is_string()) {
    return ScopeSet::Parse(value->get_ref<const std::string&>(),
                           provider.scope_response_delimiter);
  }
  if (!value->is_array()) return std::nullopt;
  std::vector<std::string> scopes;
  for (const json& item : *value) {
    if (item.is_string()) scopes.push_back(item.get<std::string>());
  }
  return ScopeSet(std::move(scopes));
}

// Box's way to say what a narrowed token is for. Its scopes stand there too,
// and nowhere else.
void ReadRestrictions(const Provider& provider, const json& root,
                      TokenResponse& result) {
  if (provider.exchange_restrictions.empty()) return;
  const json* list = FindJson(root, provider.exchange_restrictions);
  if (list == nullptr || !list->is_array() || list->empty()) return;
  std::vector<std::string> ids, scopes;
  for (const json& entry : *list) {
    ids.push_back(FindJsonString(entry, "object.id").value_or(""));
    scopes.push_back(FindJsonString(entry, "scope").value_or(""));
  }
  std::erase(scopes, "");
  result.restricted_to = std::move(ids);
  if (!result.scope.has_value()) result.scope = ScopeSet(std::move(scopes));
}

// Moves a token out of the document. Absent, null and "" are the same: none.
// RFC 6749 appendix A.12 and A.17: visible ASCII and the space; anything else
// could not be sent back to the provider, or would break a header.
absl::Status TakeToken(const Provider& provider, json& root, const char* name,
                       Secret& token) {
  auto it = root.find(name);
  if (it == root.end() || it->is_null()) return absl::OkStatus();
  if (!it->is_string()) return Invalid(provider, "token_characters");
  auto& text = it->get_ref<std::string&>();
  if (!std::all_of(text.begin(), text.end(),
                   [](char c) { return c >= 0x20 && c < 0x7f; })) {
    return Invalid(provider, "token_characters");
  }
  token = Secret(std::move(text));
  return absl::OkStatus();
}

bool IsPrintable(absl::string_view text) {
  return text.size() <= kMaxCaptured &&
         std::all_of(text.begin(), text.end(), absl::ascii_isprint);
}

}  // namespace

ScopeSet TokenResponse::GrantedScopes(const Provider& provider,
                                      const ScopeSet& asked) const {
  if (!scope.has_value()) return asked;
  return scope->Union(asked.Intersection(provider.scope_not_echoed));
}

absl::StatusOr<TokenResponse> ParseTokenResponse(const Provider& provider,
                                                 const HttpResponse& response,
                                                 absl::Time now) {
  RETURN_IF_ERROR(CheckStatus(provider, response));
  ASSIGN_OR_RETURN(JsonDocument document, ReadBody(provider, response));
  json& root = document.root();
  if (auto code = FindErrorCode(provider, root); code.has_value()) {
    return ErrorOfCode(provider, *code);
  }
  if (response.status < 200 || response.status >= 300) {
    return errors::ProviderRefused(provider.id.value, "unknown_error");
  }

  if (provider.adapter != nullptr) provider.adapter->Normalize(root, now);
  TokenResponse result;
  RETURN_IF_ERROR(
      TakeToken(provider, root, "access_token", result.access_token));
  RETURN_IF_ERROR(
      TakeToken(provider, root, "refresh_token", result.refresh_token));
  RETURN_IF_ERROR(TakeToken(provider, root, "id_token", result.id_token));
  if (result.access_token.empty()) return Invalid(provider, "no_token");

  // Many leave the type out; nobody who means another one does.
  result.token_type = FindJsonString(root, "token_type").value_or("Bearer");
  if (!absl::EqualsIgnoreCase(result.token_type, "bearer")) {
    return Invalid(provider, "token_type");
  }
  result.token_type = "Bearer";
  if (provider.expires_source == ExpirySource::kResponse ||
      provider.expires_source == ExpirySource::kIntrospect) {
    result.expires_in = ReadLifetime(root);
  }
  result.scope = ReadScope(provider, root);
  ReadRestrictions(provider, root, result);
  result.issued_token_type =
      FindJsonString(root, "issued_token_type").value_or("");
  for (const std::string& name : provider.capture) {
    if (auto value = FindJsonString(root, name);
        value.has_value() && IsPrintable(*value)) {
      result.captured[name] = *std::move(value);
    }
  }
  return result;
}

Secret SalvageRefreshToken(const Provider& provider,
                           const HttpResponse& response) {
  Secret token;
  if (response.status < 200 || response.status >= 300) return token;
  absl::StatusOr<JsonDocument> document = ReadBody(provider, response);
  if (!document.ok()) return token;
  if (provider.adapter != nullptr) {
    provider.adapter->Normalize(document->root(), absl::InfinitePast());
  }
  // A token that cannot be sent back is none.
  TakeToken(provider, document->root(), "refresh_token", token).IgnoreError();
  return token;
}

}  // namespace tokenvault
