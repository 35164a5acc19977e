#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/adapter.h"
#include "oauth/strict_json.h"

namespace tokenvault {
namespace {

// Everything the App was given where it was installed.
constexpr char kWholeApp[] = "app";

// Whose repositories a token is for: an account, and one of its repositories
// or "" for all that the App was given.
struct Target {
  std::string account;
  std::string repository;
};

absl::StatusOr<Target> ParseTarget(absl::string_view resource) {
  const absl::Status bad =
      errors::FieldInvalid("resource",
                           "must be https://github.com/ACCOUNT or "
                           "https://github.com/ACCOUNT/REPOSITORY");
  absl::StatusOr<Url> url = ParseUrl(resource);
  if (!url.ok() || url->scheme != "https" || url->host != "github.com" ||
      url->port != 0 || !url->query.empty()) {
    return bad;
  }
  const std::vector<std::string> parts =
      absl::StrSplit(url->path, '/', absl::SkipEmpty());
  if (parts.empty() || parts.size() > 2) return bad;
  return Target{parts[0], parts.size() == 2 ? parts[1] : ""};
}

// "issues:read"; the level is GitHub's to judge.
absl::StatusOr<std::pair<std::string, std::string>> ParsePermission(
    absl::string_view scope) {
  std::pair<std::string, std::string> permission =
      absl::StrSplit(scope, absl::MaxSplits(':', 1));
  if (permission.first.empty() || permission.second.empty()) {
    return errors::FieldInvalid(
        "scopes", "of a GitHub App are \"app\" or such as \"issues:read\"");
  }
  return permission;
}

// A GitHub App has permissions, not scopes: what a person lets it do is set at
// the App. A token that can do less comes from an endpoint of its own, which
// wants to know for whose repositories it is; we are told by `resource`. Our
// scopes are the permissions, "issues:read", and "app" for all of them, which
// needs no such token.
class GithubAppAdapter : public Adapter {
 public:
  // The answer's `scope` is always empty and means nothing. A narrowed token
  // comes under another name, with the permissions it has.
  void Normalize(nlohmann::json& root, absl::Time now) const override {
    root.erase("scope");
    auto token = root.find("token");
    if (token == root.end() || !token->is_string()) return;
    nlohmann::json value = std::move(*token);
    root.erase(token);
    root["access_token"] = std::move(value);
    root["token_type"] = "bearer";
    if (const auto* permissions = FindJson(root, "installation.permissions");
        permissions != nullptr && permissions->is_object()) {
      std::string scope;
      for (const auto& [name, level] : permissions->items()) {
        if (!level.is_string()) continue;
        absl::StrAppend(&scope, scope.empty() ? "" : " ", name, ":",
                        level.get_ref<const std::string&>());
      }
      root["scope"] = scope;
    }
    absl::Time expires;
    if (auto text = FindJsonString(root, "expires_at");
        text.has_value() && now != absl::InfinitePast() &&
        absl::ParseTime(absl::RFC3339_full, *text, &expires, nullptr)) {
      root["expires_in"] = absl::ToInt64Seconds(expires - now);
    }
  }

  absl::Status CheckNarrowing(const ScopeSet& scopes,
                              absl::string_view resource) const override {
    if (scopes.Contains(kWholeApp)) return absl::OkStatus();
    for (const std::string& scope : scopes) {
      RETURN_IF_ERROR(ParsePermission(scope).status());
    }
    return ParseTarget(resource).status();
  }

  absl::StatusOr<std::optional<HttpRequest>> Narrow(
      const Provider& provider, const Secret& subject_token,
      const TokenNarrowing& narrowing,
      const TokenCall& /*call*/) const override {
    if (narrowing.scopes.Contains(kWholeApp)) return std::nullopt;
    ASSIGN_OR_RETURN(const Target target, ParseTarget(narrowing.resource));
    if (provider.client_secret == nullptr) {
      return errors::ProviderMisconfigured(provider.id.value, "client_secret");
    }
    nlohmann::json body = {{"access_token", subject_token.Reveal()},
                           {"target", target.account},
                           {"permissions", nlohmann::json::object()}};
    if (!target.repository.empty()) {
      body["repositories"] = nlohmann::json::array({target.repository});
    }
    JsonDocument wiped(std::move(body));
    for (const std::string& scope : narrowing.scopes) {
      ASSIGN_OR_RETURN(auto permission, ParsePermission(scope));
      wiped.root()["permissions"][permission.first] = permission.second;
    }
    HttpRequest request;
    request.method = "POST";
    request.url = provider.ExchangeUrl();
    request.headers = {{"Accept", provider.accept},
                       {"Content-Type", "application/json"}};
    request.authorization = BasicCredentials(provider);
    request.body = Secret(wiped.root().dump());
    return request;
  }
};

}  // namespace

const Adapter& GithubAppScoped() {
  static const auto* const kAdapter = new GithubAppAdapter;
  return *kAdapter;
}

}  // namespace tokenvault
