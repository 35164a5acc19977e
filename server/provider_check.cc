#include "server/provider_check.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/token_response.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

// Beyond this, tokens look expired to one side and fresh to the other.
constexpr absl::Duration kMaxSkew = absl::Seconds(30);
// No provider ever issued it.
constexpr char kMadeUpToken[] = "tokenvault-provider-test";

// "certificate valid 61 days"
std::string CertificateWords(absl::Time end, absl::Time now) {
  if (end == absl::InfiniteFuture()) return "no certificate";
  return absl::StrCat("certificate valid ", absl::ToInt64Hours(end - now) / 24,
                      " days");
}

ProviderCheck CheckDiscovery(const absl::StatusOr<Provider>& ready,
                             const absl::StatusOr<HttpResponse>& greeting,
                             absl::Time now) {
  ProviderCheck check;
  check.id = "discovery";
  if (!ready.ok()) {
    check.detail = std::string(ready.status().message());
    check.fix = "check `issuer` and that the vault may reach it";
    return check;
  }
  if (!greeting.ok()) {
    check.detail = std::string(greeting.status().message());
    check.fix = "check token_url, the network and [egress]";
    return check;
  }
  const absl::StatusOr<Url> url = ParseUrl(ready->token_url);
  check.ok = true;
  check.detail = absl::StrCat(
      url.ok() ? url->host : "", ", ",
      CertificateWords(greeting->certificate_end_time, now),
      ready->discovery ? "" : "; endpoints are the preset's or your own");
  return check;
}

ProviderCheck CheckClock(const absl::StatusOr<HttpResponse>& greeting,
                         absl::Time now) {
  ProviderCheck check;
  check.id = "clock";
  absl::Time theirs;
  std::string error;
  const std::string date = greeting.ok() ? greeting->Header("Date") : "";
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", date, &theirs, &error)) {
    check.skipped = true;
    check.detail = "the provider did not say what time it is";
    return check;
  }
  const absl::Duration skew = now - theirs;
  check.ok = absl::AbsDuration(skew) <= kMaxSkew;
  check.detail = absl::StrCat(
      "our clock is ", absl::ToInt64Seconds(absl::AbsDuration(skew)), " s ",
      skew < absl::ZeroDuration() ? "behind" : "ahead");
  if (!check.ok) check.fix = "set this machine's clock by NTP";
  return check;
}

ProviderCheck ShowRedirectUri(const std::string& redirect_uris) {
  ProviderCheck check;
  check.id = "redirect_uri";
  check.skipped = true;  // it shows when a person comes back
  check.detail =
      absl::StrCat("register exactly this at the provider: ", redirect_uris);
  return check;
}

ProviderCheck CheckClientSecret(const Provider& provider,
                                const absl::StatusOr<HttpResponse>& answer) {
  ProviderCheck check;
  check.id = "client_secret";
  if (provider.client_auth == ClientAuth::kNone) {
    check.skipped = true;
    check.detail = "a public client has none";
    return check;
  }
  if (provider.expires_source == ExpirySource::kNever) {
    check.skipped = true;
    check.detail = "tokens of this provider are never refreshed";
    return check;
  }
  const absl::Status verdict =
      answer.ok() ? ParseTokenResponse(provider, *answer).status()
                  : answer.status();
  const std::string reason = ReasonOf(verdict);
  if (reason == "GRANT_GONE") {
    check.ok = true;
    check.detail = "the provider knows our client";
  } else if (reason == "PROVIDER_MISCONFIGURED") {
    check.detail = std::string(verdict.message());
    check.fix =
        "check client_id; if the secret was made anew, put that into what "
        "client_secret_file names, then `tokenvault config reload`. No person "
        "is disconnected by this";
  } else if (reason == "PROVIDER_UNREACHABLE" || reason == "ADDRESS_REFUSED") {
    check.detail = std::string(verdict.message());
    check.fix = "check the provider's address, the network and [egress]";
  } else {
    check.skipped = true;
    check.detail = "the provider's answer does not tell";
  }
  return check;
}

absl::StatusOr<HttpResponse> AskWithMadeUpToken(
    ProviderAccess& access, const absl::StatusOr<Provider>& provider,
    const std::string& redirect_uris, absl::Time now) {
  RETURN_IF_ERROR(provider.status());
  TokenCall call;
  call.now = now;
  call.redirect_uri = redirect_uris.substr(0, redirect_uris.find('\n'));
  std::string made_up = kMadeUpToken;
  return access.oauth().SendRefresh(*provider, Secret(std::move(made_up)), {},
                                    "", call);
}

}  // namespace

std::vector<ProviderCheck> TestProvider(ProviderAccess& access,
                                        const Provider& provider,
                                        const std::string& redirect_uris,
                                        bool dev_mode, absl::Time now) {
  absl::StatusOr<Provider> ready = access.WithEndpoints(provider, dev_mode);
  absl::StatusOr<HttpResponse> greeting =
      ready.ok() ? access.oauth().Greet(*ready) : ready.status();
  absl::StatusOr<HttpResponse> answer =
      AskWithMadeUpToken(access, ready, redirect_uris, now);
  return {CheckDiscovery(ready, greeting, now), CheckClock(greeting, now),
          ShowRedirectUri(redirect_uris),
          CheckClientSecret(ready.ok() ? *ready : provider, answer)};
}

}  // namespace tokenvault
