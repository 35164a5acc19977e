#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace tokenvault {

// The two clients that the demo provider knows. Their secrets are no secrets:
// it listens on loopback, keeps its people in memory and forgets them.
inline constexpr char kDemoLoginClient[] = "tokenvault-login";
inline constexpr char kDemoLoginSecret[] = "demo-login-secret";
inline constexpr char kDemoClient[] = "tokenvault-demo";
inline constexpr char kDemoSecret[] = "demo-client-secret";

// Another party to try the vault against: a strict OAuth 2.0 and OpenID
// provider with two people, Ana and Ben, and a calendar. In dev mode it is both
// the tenant's identity provider and the third party "demo"; tests use it as a
// provider that is not a fake.
//
// Strict means: PKCE S256 always, exact redirect URIs, codes and refresh tokens
// that work once (a second use ends the whole family), `iss` in every answer,
// narrowing by `scope` on refresh, revocation that ends access tokens too.
//
//   auto demo = DemoProvider::Start({}, SystemClock());
//   (*demo)->SetRedirectUris(kDemoClient, {"http://127.0.0.1:7480/cb/x"});
//   (*demo)->base_url();   // "http://127.0.0.1:40417", also the issuer
//
//   GET  /.well-known/openid-configuration, /.well-known/oauth-authorization-
//        server, /jwks
//   GET  /authorize        the page "Sign in as…", then "Allow" or "Deny"
//   POST /authorize        what those pages send
//   POST /token, /revoke, /introspect
//   GET  /userinfo, /calendar/events
//
// Thread-safe.
class DemoProvider {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";  // loopback only
    absl::Duration access_token_ttl = absl::Minutes(10);
    // Whether a refresh gives a new refresh token and ends the old one.
    bool rotate = true;
  };

  // Listens and serves when it returns. CONFIG_INVALID: not loopback, or the
  // address cannot be used.
  static absl::StatusOr<std::unique_ptr<DemoProvider>> Start(
      Options options, const Clock& clock);
  ~DemoProvider();

  std::string base_url() const;

  // Replaces the redirect URIs of one of the two clients; none at first.
  // Compared byte by byte.
  void SetRedirectUris(absl::string_view client_id,
                       std::vector<std::string> uris);

  // Requests are answered until it returns; calling it again does nothing.
  void Stop();

 private:
  class Impl;
  explicit DemoProvider(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenvault
