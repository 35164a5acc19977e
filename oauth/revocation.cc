#include "oauth/revocation.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/token_response.h"

namespace tokenvault {
namespace {

std::string PathWithToken(const std::string& url, const Secret& token) {
  std::string escaped = FormEscape(token.Reveal());
  const size_t at = url.find(kTokenPlace);
  std::string full =
      absl::StrCat(absl::string_view(url).substr(0, at), escaped,
                   absl::string_view(url).substr(at + sizeof(kTokenPlace) - 1));
  WipeString(escaped);
  return full;
}

}  // namespace

bool RevokesByAccessToken(const Provider& provider) {
  if (provider.expires_source == ExpirySource::kNever) return false;
  return provider.revocation_style == RevocationStyle::kTokenCall ||
         (provider.revocation_style == RevocationStyle::kBasicDelete &&
          provider.client_secret != nullptr);
}

absl::StatusOr<std::optional<HttpRequest>> MakeRevocationRequest(
    const Provider& provider, const Secret& token,
    absl::string_view token_type_hint, const TokenCall& call) {
  HttpRequest request;
  request.headers = {{"Accept", provider.accept}};
  request.url = provider.revocation_url;
  switch (provider.revocation_style) {
    case RevocationStyle::kNone:
      return std::nullopt;
    case RevocationStyle::kRfc7009:
      return MakeTokenRequest(
          provider, provider.revocation_url,
          {{"token", token.Reveal()}, {"token_type_hint", token_type_hint}},
          call);
    case RevocationStyle::kTokenCall:
      request.method = "POST";
      request.authorization = Secret(absl::StrCat("Bearer ", token.Reveal()));
      return request;
    case RevocationStyle::kBasicDelete:
      if (provider.client_secret == nullptr) return std::nullopt;
      request.method = "DELETE";
      request.headers.emplace_back("Content-Type", "application/json");
      request.authorization = BasicCredentials(provider);
      request.body = JsonBody({{"access_token", token.Reveal()}});
      return request;
    case RevocationStyle::kPath:
      if (provider.revocation_url.find(kTokenPlace) == std::string::npos) {
        return std::nullopt;
      }
      request.method = "DELETE";
      request.url = PathWithToken(provider.revocation_url, token);
      return request;
  }
  return std::nullopt;
}

absl::Status ReadRevocation(const Provider& provider,
                            const HttpResponse& answer) {
  const bool success = answer.status >= 200 && answer.status < 300;
  const RevocationStyle style = provider.revocation_style;
  // The resource is the token: where it is not, it is gone. GitHub says 422 for
  // that.
  if (style == RevocationStyle::kPath ||
      style == RevocationStyle::kBasicDelete) {
    if (success || answer.status == 404 || answer.status == 422) {
      return absl::OkStatus();
    }
  }
  if (style == RevocationStyle::kRfc7009 && success) return absl::OkStatus();
  // RFC 7009 §2.2.1: the errors are those of a token endpoint. A call's good
  // answer has no token in it, and its bad one may come with status 200. A
  // server that says the token is unknown has nothing left to revoke.
  absl::Status error = ParseTokenResponse(provider, answer).status();
  if (HasReason(error, "GRANT_GONE")) return absl::OkStatus();
  if (style == RevocationStyle::kTokenCall && success &&
      HasReason(error, "PROVIDER_ANSWER_INVALID") &&
      (MetadataOf(error, "problem") == "no_token" ||
       MetadataOf(error, "problem") == "empty")) {
    return absl::OkStatus();
  }
  return error;
}

}  // namespace tokenvault
