#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"
#include "vault/oauth_flows.h"
#include "vault/provider_access.h"
#include "vault/refusal_log.h"

namespace tokenvault {

// How people sign in: OpenID Connect at the tenant's identity provider, with
// PKCE, state, nonce and a flow cookie. Blocks; thread-safe.
//
// A session is 256 random bits in a cookie, of which we keep a keyed hash; a
// new one is made at every sign-in.
class SignIn {
 public:
  static constexpr absl::Duration kIdle = absl::Minutes(15);
  static constexpr absl::Duration kAbsolute = absl::Hours(8);

  SignIn(const Clock& clock, Store& store, KeyKeeper& keys,
         ProviderAccess& providers);

  // Which of our pages a browser comes back to, when no question sent it. Kept
  // with the flow, so that no address on the way says where it ends.
  enum class Home { kOwnPages, kOperatorPage };

  // Sends a browser to the identity provider. `interaction` is where it comes
  // back to, or `home`; whoever said there who they are longer than `max_age`
  // ago is asked again. PROVIDER_*, STORAGE_*.
  absl::StatusOr<BrowserTrip> Begin(
      const Directory& directory, const Tenant& tenant,
      const InteractionId& interaction,
      absl::Duration max_age = absl::InfiniteDuration(),
      Home home = Home::kOwnPages);

  struct SignedIn {
    WebSession session;
    std::string cookie;         // the session's
    InteractionId interaction;  // where to go on; "" for `home`
    Home home = Home::kOwnPages;
    std::string flow_cookie_name;  // of no use any more
  };
  // The callback of /signin/<tenant>. CONNECT_REFUSED with the check that
  // failed: "query", "state", "expired", "replayed", "cookie",
  // "context", "iss", "provider_error", "code", "id_token_…"; PROVIDER_*,
  // STORAGE_*.
  absl::StatusOr<SignedIn> Finish(const Directory& directory,
                                  const Tenant& tenant,
                                  const CallbackQuery& query,
                                  const CookieReader& read_cookie);

  // The session of a cookie, or nothing: unknown, idle for too long, too old.
  // Prolongs the idle time, at most once a minute.
  absl::StatusOr<std::optional<WebSession>> Find(const std::string& cookie);
  absl::Status SignOut(const std::string& cookie);

  // A form's proof that it is ours: bound to the session and to `action`.
  // VAULT_SEALED.
  absl::StatusOr<std::string> CsrfToken(const WebSession& session,
                                        const std::string& action) const;
  // For a form without that proof, or from another site: its leaf, which names
  // the `page` ("/c"). CONNECT_REFUSED with the check; STORAGE_*.
  absl::Status RefuseForm(const WebSession& session, absl::string_view page,
                          absl::string_view check);
  // For somebody who asks for the page of operators and is none: its leaf.
  // `why` is "tenant" or "groups". CONNECT_REFUSED with that; STORAGE_*.
  absl::Status RefuseOperatorPage(const WebSession& session,
                                  absl::string_view why);

 private:
  absl::Status Refuse(const TenantId& tenant, const InteractionId& interaction,
                      absl::string_view check);
  // Writes the leaf of a check that failed; CONNECT_REFUSED with `check`.
  absl::Status Refuse(AuditEvent event, absl::string_view check);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  OAuthFlows flows_;
  RefusalLog refusals_;
};

// What pages call a person: the e-mail address, or the best there is.
std::string DisplayNameOf(const JwtClaims& claims);

// "/signin/default": where the tenant's identity provider sends people back.
std::string SignInPath(const TenantId& tenant);

}  // namespace tokenvault
