#include "server/provider_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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

// A provider that renews its certificates by itself never lets them come so
// far.
constexpr absl::Duration kShortCertificate = absl::Hours(7 * 24);
// Of nobody's verifier: the flow it begins is never gone through with.
constexpr char kMadeUpChallenge[] =
    "dG9rZW52YXVsdC1wcm92aWRlci10ZXN0LW5vYm9keS4";
constexpr size_t kMaxPage = size_t{1} << 20;

// "certificate valid 61 days"
std::string CertificateWords(absl::Time end, absl::Time now) {
  if (end == absl::InfiniteFuture()) return "no certificate";
  if (end <= now) return "certificate expired";
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
  const absl::Time end = greeting->certificate_end_time;
  check.ok = end - now >= kShortCertificate;
  check.detail = absl::StrCat(
      HostOf(ready->token_url), ", ", CertificateWords(end, now),
      ready->discovery ? "" : "; endpoints are the preset's or your own");
  if (!check.ok) {
    check.fix =
        "the provider must renew its certificate: no token can be refreshed "
        "once it has expired";
  }
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

// What an authorize endpoint makes of a redirect URI. Many look at it only when
// somebody has signed in; those are silent.
enum class RedirectVerdict { kTaken, kRefused, kSilent };

// Codes by which providers name that mistake, wherever they stand: in an answer
// to another registered address, in the address of an error page, in a page.
bool NamesMismatch(absl::string_view text) {
  constexpr absl::string_view kCodes[] = {
      "redirect_uri_mismatch", "invalid_redirect_uri", "bad_redirect_uri",
      "AADSTS50011",
      // The first of them as Google packs it into its error page's address.
      "ZWRpcmVjdF91cmlfbWlzbWF0Y2"};
  return std::any_of(
      std::begin(kCodes), std::end(kCodes),
      [&](absl::string_view code) { return absl::StrContains(text, code); });
}

// Whether an error page speaks of the redirect URI, other than by repeating the
// query it was asked with.
bool SpeaksOfRedirect(absl::string_view page) {
  const std::string lower = absl::AsciiStrToLower(page);
  const absl::string_view text = lower;
  for (absl::string_view words :
       {"redirect_uri", "redirect uri", "redirect url", "callback url"}) {
    for (size_t at = text.find(words); at != absl::string_view::npos;
         at = text.find(words, at + 1)) {
      const absl::string_view rest = text.substr(at + words.size());
      if (!absl::StartsWith(rest, "=") && !absl::StartsWith(rest, "%3d")) {
        return true;
      }
    }
  }
  return false;
}

RedirectVerdict Judge(const HttpResponse& answer, const std::string& uri) {
  const std::string location = answer.Header("Location");
  const absl::string_view page = answer.body.Reveal();
  if (NamesMismatch(location) || NamesMismatch(page)) {
    return RedirectVerdict::kRefused;
  }
  // RFC 6749 §4.1.2.1: nobody is sent to an address that is not registered,
  // not even with an error.
  const bool redirects = answer.status >= 300 && answer.status < 400;
  if (redirects && (location == uri || absl::StartsWith(location, uri + "?") ||
                    absl::StartsWith(location, uri + "#"))) {
    return RedirectVerdict::kTaken;
  }
  const bool is_error = answer.status >= 400 && answer.status < 500;
  return is_error && SpeaksOfRedirect(page) ? RedirectVerdict::kRefused
                                            : RedirectVerdict::kSilent;
}

// Begins a consent that nobody gives.
RedirectVerdict AskToAuthorize(ProviderAccess& access, Provider provider,
                               const std::string& uri) {
  AuthorizationRequest ask;
  ask.redirect_uri = uri;
  ask.state = kMadeUpToken;
  ask.code_challenge = kMadeUpChallenge;
  if (!provider.scopes.empty()) ask.scopes = {provider.scopes.front().value};
  if (!provider.issuer.empty()) {
    // An OpenID provider says at once that nobody is signed in, and says it to
    // the redirect URI.
    ask.scopes = ask.scopes.Union({"openid"});
    auto& params = provider.authorize_params;
    params.erase(std::remove_if(
                     params.begin(), params.end(),
                     [](const auto& param) { return param.first == "prompt"; }),
                 params.end());
    ask.extra = {{"prompt", "none"}};
  }
  HttpRequest request;
  request.url = access.oauth().AuthorizationUrl(provider, ask);
  request.headers = {{"Accept", "text/html"}};
  request.max_body = kMaxPage;
  const absl::StatusOr<HttpResponse> answer = access.http().Send(request);
  return answer.ok() ? Judge(*answer, uri) : RedirectVerdict::kSilent;
}

ProviderCheck CheckRedirectUris(ProviderAccess& access,
                                const absl::StatusOr<Provider>& ready,
                                const std::string& redirect_uris) {
  ProviderCheck check;
  check.id = "redirect_uri";
  std::vector<std::string> refused;
  bool all_taken = true;
  for (const std::string& uri :
       std::vector<std::string>(absl::StrSplit(redirect_uris, '\n'))) {
    const RedirectVerdict verdict = ready.ok()
                                        ? AskToAuthorize(access, *ready, uri)
                                        : RedirectVerdict::kSilent;
    if (verdict == RedirectVerdict::kRefused) refused.push_back(uri);
    all_taken = all_taken && verdict == RedirectVerdict::kTaken;
  }
  if (!refused.empty()) {
    check.detail =
        absl::StrCat("the provider refuses ", absl::StrJoin(refused, "\n"));
    check.fix = "register exactly this at the provider, for this client_id";
  } else if (all_taken) {
    check.ok = true;
    check.detail = absl::StrCat("the provider takes ", redirect_uris);
  } else {
    check.skipped = true;
    check.detail = absl::StrCat(
        "the provider does not tell before somebody signs in; register "
        "exactly this: ",
        redirect_uris);
  }
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
          CheckRedirectUris(access, ready, redirect_uris),
          CheckClientSecret(ready.ok() ? *ready : provider, answer)};
}

}  // namespace tokenvault
