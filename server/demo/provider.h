#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace tokenvault {

// The clients that the demo provider knows. Their secrets are no secrets: it
// listens on loopback, keeps its people in memory and forgets them.
inline constexpr char kDemoLoginClient[] = "tokenvault-login";
inline constexpr char kDemoLoginSecret[] = "demo-login-secret";
inline constexpr char kDemoClient[] = "tokenvault-demo";
inline constexpr char kDemoSecret[] = "demo-client-secret";
// For whoever tries a client of their own: it returns to
// http://127.0.0.1:PORT/callback, whatever the port.
inline constexpr char kDemoGuestClient[] = "demo-guest";
inline constexpr char kDemoGuestSecret[] = "demo-guest-secret";

// Another party to try the vault against: strict OAuth 2.0 providers with two
// people, Ana and Ben, and a calendar. In dev mode the one at the root is both
// the tenant's identity provider and the third party "demo"; the others, each
// under a prefix of its own, differ from the standard as some real provider
// does (server/demo/persona.h). Tests use them as providers that are not fakes.
//
// Strict means: PKCE S256, exact redirect URIs, codes and refresh tokens that
// work once (a second use ends the whole family), `iss` in every answer,
// narrowing by `scope` on refresh, revocation that ends access tokens too;
// unless a persona is there to be different.
//
//   auto demo = DemoProvider::Start({}, SystemClock());
//   (*demo)->SetRedirectUris(kDemoClient, {"http://127.0.0.1:7480/cb/x"});
//   (*demo)->base_url();   // "http://127.0.0.1:40417", also the issuer
//
//   GET  /                 the personas
//   GET  /ledger           what they issued, saw and ended: ?persona= ?after=
//   POST /faults           persona, fault, count: what is to go wrong (GET: is)
//
// and, at the root as under "/demo-slack" and the like, where the persona has
// it:
//
//   GET  /.well-known/openid-configuration, /jwks
//   GET  /authorize        the page "Sign in as…", then "Allow" or "Deny"
//   POST /authorize        what those pages send
//   POST /token, /revoke, /introspect
//   GET  /userinfo, /calendar/events
//   POST /auth.revoke
//   POST /applications/{client_id}/token/scoped
//   DELETE /applications/{client_id}/grant
//
// and, with the prefix behind it, /.well-known/oauth-authorization-server and
// /.well-known/oauth-protected-resource.
//
// Thread-safe.
class DemoProvider {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";  // loopback only
    absl::Duration access_token_ttl = absl::Minutes(10);
    // Whether a refresh at "demo" gives a new refresh token and ends the old.
    bool rotate = true;
    absl::Duration late_by = absl::Seconds(5);  // of the fault "slow"
  };

  // Listens and serves when it returns. CONFIG_INVALID: not loopback, or the
  // address cannot be used.
  static absl::StatusOr<std::unique_ptr<DemoProvider>> Start(
      Options options, const Clock& clock);
  ~DemoProvider();

  std::string base_url() const;

  // Replaces the redirect URIs of one of the first two clients at one persona;
  // none at first. Compared byte by byte.
  void SetRedirectUris(absl::string_view client_id,
                       std::vector<std::string> uris,
                       absl::string_view persona = "demo");

  // Requests are answered until it returns; calling it again does nothing.
  void Stop();

 private:
  class Impl;
  explicit DemoProvider(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenvault
