#include "server/provider_test.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/token_response.h"

namespace tokenvault {
namespace {

// Beyond this, tokens look expired to one side and fresh to the other.
constexpr absl::Duration kMaxSkew = absl::Seconds(30);
// No provider ever issued it.
constexpr char kMadeUpToken[] = "tokenvault-provider-test";

ProviderCheck CheckDiscovery(const Provider& provider,
                             const absl::Status& found) {
  ProviderCheck check;
  check.id = "discovery";
  if (!provider.discovery) {
    check.skipped = true;
    check.detail = "endpoints come from the preset or the configuration";
  } else if (found.ok()) {
    check.ok = true;
    check.detail = "the issuer's metadata was read";
  } else {
    check.detail = std::string(found.message());
    check.fix = "check `issuer` and that the vault may reach it";
  }
  return check;
}

ProviderCheck CheckClock(const HttpResponse* answer, absl::Time now) {
  ProviderCheck check;
  check.id = "clock";
  absl::Time theirs;
  std::string error;
  const std::string date = answer == nullptr ? "" : answer->Header("Date");
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

ProviderCheck ShowRedirectUri(const std::string& redirect_uri) {
  ProviderCheck check;
  check.id = "redirect_uri";
  check.skipped = true;  // it shows when a person comes back
  check.detail =
      absl::StrCat("register exactly this at the provider: ", redirect_uri);
  return check;
}

ProviderCheck CheckClientSecret(const Provider& provider,
                                const absl::StatusOr<HttpResponse>& answer) {
  ProviderCheck check;
  check.id = "client_secret";
  const absl::Status verdict =
      answer.ok() ? ParseTokenResponse(provider, *answer).status()
                  : answer.status();
  const std::string reason = ReasonOf(verdict);
  if (reason == "GRANT_GONE") {
    check.ok = true;
    check.detail = "the provider knows our client";
  } else if (reason == "PROVIDER_MISCONFIGURED") {
    check.detail = std::string(verdict.message());
    check.fix = "check client_id and what client_secret_file holds";
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
    const std::string& redirect_uri, absl::Time now) {
  RETURN_IF_ERROR(provider.status());
  TokenCall call;
  call.now = now;
  call.redirect_uri = redirect_uri;
  std::string made_up = kMadeUpToken;
  return access.oauth().SendRefresh(*provider, Secret(std::move(made_up)), {},
                                    "", call);
}

}  // namespace

std::vector<ProviderCheck> TestProvider(ProviderAccess& access,
                                        const Provider& provider,
                                        const std::string& redirect_uri,
                                        bool dev_mode, absl::Time now) {
  absl::StatusOr<Provider> ready = access.WithEndpoints(provider, dev_mode);
  absl::StatusOr<HttpResponse> answer =
      AskWithMadeUpToken(access, ready, redirect_uri, now);
  return {CheckDiscovery(provider, ready.status()),
          CheckClock(answer.ok() ? &*answer : nullptr, now),
          ShowRedirectUri(redirect_uri),
          CheckClientSecret(ready.ok() ? *ready : provider, answer)};
}

}  // namespace tokenvault
